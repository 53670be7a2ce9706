import assert from 'node:assert/strict';
import { test } from 'node:test';
import { counting, Ear, listening, MINUTE, World } from './world.js';

test('the token function is asked again before each connect', async (t) => {
  const world = new World(t);
  await listening(world, { token: counting() });
  for (const wait of [500, 1_000]) {
    world.socket.drop();
    await world.advance(wait);
  }
  assert.deepEqual(world.tokens, ['1', '2', '3']);
});

test('a stage that asks for no token sees none', async (t) => {
  const world = new World(t);
  new Ear({ token: async () => undefined });
  await world.settle();
  assert.deepEqual(world.tokens, [null]);
});

test('a token function that fails is told, and asked again after a wait', async (t) => {
  for (const fail of [
    () => Promise.reject(new Error('no session')),
    () => {
      throw new Error('no session');
    },
  ]) {
    const world = new World(t);
    const token = t.mock.fn(fail);
    const ear = new Ear({ token });
    await world.settle();
    const [{ code, message, retryable }] = ear.errors;
    assert.deepEqual([code, message, retryable], ['token', 'Error: no session', true]);
    assert.equal(ear.watch.state, 'waiting');
    token.mock.mockImplementation(async () => 'good');
    await world.advance(500);
    assert.deepEqual(world.tokens, ['good']);
    ear.watch.close();
    t.mock.restoreAll();
  }
});

test('a token that never comes is given up, and no handshake is blamed', async (t) => {
  const world = new World(t);
  const answers = [];
  const ear = new Ear({ token: () => new Promise((answer) => answers.push(answer)) });
  await world.until(() => answers.length === 4);
  assert.deepEqual(ear.errors, []);
  assert.equal(ear.details.at(-2).reason, 'no token');
  answers[0]('too late');
  await world.settle();
  assert.deepEqual(world.sockets, []);
  answers.at(-1)('in time');
  await world.settle();
  assert.deepEqual(world.tokens, ['in time']);
});

test('a token function that fails too late is told, and troubles no other attempt', async (t) => {
  const world = new World(t);
  const tokens = [Promise.withResolvers(), Promise.withResolvers()];
  let asked = 0;
  const ear = new Ear({ token: () => tokens[asked++].promise });
  await world.until(() => asked === 2);
  tokens[0].reject(new Error('no session'));
  await world.settle();
  assert.deepEqual(
    ear.errors.map(({ code }) => code),
    ['token'],
  );
  assert.equal(ear.watch.state, 'connecting');
  tokens[1].resolve('good');
  await world.settle();
  world.socket.serve();
  assert.equal(ear.watch.state, 'subscribed');
});

test('a watch that closes while its token is fetched opens no socket', async (t) => {
  for (const settle of ['resolve', 'reject']) {
    const world = new World(t);
    const token = Promise.withResolvers();
    const ear = new Ear({ token: () => token.promise });
    await world.settle();
    ear.watch.close();
    token[settle](new Error('too late'));
    await world.settle();
    assert.deepEqual([world.sockets, ear.errors, world.timers], [[], [], 0]);
    t.mock.restoreAll();
  }
});

test('a watch that closes on the word that its token failed asks for no other', async (t) => {
  const world = new World(t);
  const token = t.mock.fn(() => Promise.reject(new Error('no session')));
  const ear = new Ear({ token });
  ear.watch.addEventListener('error', () => ear.watch.close());
  await world.advance(MINUTE);
  assert.equal(token.mock.callCount(), 1);
  assert.equal(world.timers, 0);
});

test('a frame that comes after the end of its token makes a new connection', async (t) => {
  const world = new World(t);
  const ear = await listening(world, { token: counting() });
  await world.advance(5 * MINUTE);
  world.socket.refuse({ code: 'forbidden', field: 'exp', retryable: false });
  assert.ok(world.socket.closed);
  await world.advance(500);
  world.socket.serve();
  assert.deepEqual(world.tokens, ['1', '2']);
  assert.deepEqual([ear.errors, ear.watch.state], [[], 'subscribed']);
});

test('a token that is at its end makes no storm', async (t) => {
  const world = new World(t);
  new Ear({ token: 'the same each time' });
  await world.settle();
  for (let each = 0; each < 600; each++) {
    await world.advance(100);
    for (const socket of world.sockets) if (!socket.closed) socket.serve({ life: 100 });
  }
  assert.ok(world.sockets.length < 70, `${world.sockets.length} sockets in a minute`);
});
