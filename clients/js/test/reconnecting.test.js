import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Ear, listening, MINUTE, SECOND, World } from './world.js';

test('a connection that ends is followed by one that asks for what was missed', async (t) => {
  const world = new World(t);
  const ear = await listening(world);
  const since = world.time();
  world.socket.notify('a');
  world.socket.drop();
  assert.equal(ear.watch.state, 'waiting');
  await world.advance(SECOND);
  world.socket.open();
  assert.deepEqual(world.socket.sent[0].since, since);
  world.socket.notify('a');
  world.socket.notify('missed');
  world.socket.answer();
  assert.deepEqual(ear.heard, ['a', 'missed']);
  const states = ['connecting', 'open', 'subscribed'];
  assert.deepEqual(ear.states, [...states, 'waiting', ...states]);
});

test('a watch says why it waits, and for how long', async (t) => {
  const world = new World(t);
  const ear = await listening(world);
  world.socket.drop(1001);
  const [detail] = ear.details.slice(-1);
  assert.deepEqual(detail, { state: 'waiting', reason: 'closed with 1001', retryIn: 500 });
});

test('who comes while others wait is told for how long', async (t) => {
  const world = new World(t);
  await listening(world);
  world.socket.drop();
  await world.advance(100);
  const late = new Ear({ ref: '8' });
  await world.settle();
  assert.deepEqual(late.details, [{ state: 'waiting', retryIn: 400 }]);
});

test('the waits grow exponentially up to half a minute, with full jitter', async (t) => {
  const world = new World(t);
  await listening(world);
  world.random = 0.999;
  const waits = [];
  for (let tries = 0; tries < 7; tries++) {
    world.socket.drop();
    waits.push(Math.round((await world.wait()) / SECOND));
    world.socket.open();
  }
  assert.deepEqual(waits, [1, 2, 4, 8, 16, 30, 30]);
  world.random = 0;
  world.socket.drop();
  assert.ok((await world.wait()) <= 10);
});

test('a connection that lasted makes the next wait short, and no other does', async (t) => {
  const world = new World(t);
  await listening(world);
  for (const expected of [500, 1_000, 2_000]) {
    world.socket.drop();
    assert.equal(await world.wait(), expected);
    world.socket.serve();
    await world.advance(MINUTE);
  }
  await world.advance(1);
  world.socket.drop();
  assert.equal(await world.wait(), 500);
});

test('a watch that closes while it waits never connects again', async (t) => {
  const world = new World(t);
  const ear = await listening(world);
  world.socket.drop();
  ear.watch.close();
  assert.equal(world.timers, 0);
});

test('a watch that closes on the word that it cannot connect does not', async (t) => {
  const world = new World(t);
  const ear = new Ear();
  ear.watch.addEventListener('error', () => ear.watch.close());
  await world.settle();
  await world.failures(2);
  world.socket.drop();
  assert.equal(ear.watch.state, 'closed');
  assert.equal(world.timers, 0);
});

test('a socket that was given up may open after all, and changes nothing', async (t) => {
  const world = new World(t);
  const ear = new Ear();
  await world.settle();
  ear.watch.close();
  world.socket.open();
  assert.equal(world.timers, 0);
});

test('three handshakes in a row that never open are told once, and followed slowly', async (t) => {
  const world = new World(t);
  const ear = new Ear();
  await world.settle();
  assert.deepEqual(await world.failures(2), [500, 1_000]);
  assert.deepEqual(ear.errors, []);
  assert.deepEqual(await world.failures(3), [60_000, 60_000, 60_000]);
  const [{ code, message, retryable }, ...more] = ear.errors;
  assert.deepEqual([code, retryable, more], ['unreachable', true, []]);
  assert.match(message, /the network, the token, the page's origin and the address/);
  assert.ok(ear.states.includes('unreachable'));
  world.socket.serve();
  assert.equal(ear.watch.state, 'subscribed');
});

test('the slow attempts of many pages do not come at the same moment', async (t) => {
  const world = new World(t);
  new Ear();
  await world.settle();
  await world.failures(3);
  world.random = 0;
  assert.deepEqual(await world.failures(1), [45_000]);
  world.random = 0.999;
  assert.ok((await world.failures(1))[0] > 74_000);
});

test('a handshake that opens begins the count anew', async (t) => {
  const world = new World(t);
  const ear = new Ear();
  await world.settle();
  await world.failures(2);
  world.socket.open();
  await world.failures(3);
  assert.deepEqual(ear.errors, []);
});

test('a handshake that never ends is given up', async (t) => {
  const world = new World(t);
  const ear = new Ear();
  await world.advance(16 * SECOND);
  assert.equal(world.sockets.length, 2);
  assert.ok(world.sockets[0].closed);
  assert.ok(ear.states.includes('waiting'));
});

test('an error event counts once with the close event that follows', async (t) => {
  const world = new World(t);
  await listening(world);
  const { onerror, onclose } = world.socket;
  onerror({});
  onclose({ code: 1006 });
  await world.advance(5 * SECOND);
  assert.equal(world.sockets.length, 2);
});
