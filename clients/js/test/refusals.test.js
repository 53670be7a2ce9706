import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Ear, listening, MINUTE, SECOND, World } from './world.js';

const FORBIDDEN = { code: 'forbidden', field: 'ref', retryable: false };
const INTERNAL = { code: 'internal_error', retryable: true };

test('a frame that was refused for good ends its watch, and is never sent again', async (t) => {
  const world = new World(t);
  const token = 'a.b.c';
  const ears = [new Ear({ token }), new Ear({ token, ref: '8' })];
  await world.settle();
  world.socket.open().refuse(FORBIDDEN);
  assert.deepEqual(ears[0].errors, [{ ...FORBIDDEN, message: 'no', requestId: 'r-1' }]);
  assert.equal(ears[0].watch.state, 'closed');
  world.socket.answer();
  assert.deepEqual([ears[1].errors, ears[1].watch.state], [[], 'subscribed']);
  await world.advance(5 * MINUTE);
  world.socket.drop();
  await world.advance(SECOND);
  world.socket.serve();
  assert.deepEqual(
    world.sockets.map((socket) => socket.refs),
    [['7', '8', '8'], ['8']],
  );
});

test('the last watch that is refused closes the socket', async (t) => {
  const world = new World(t);
  new Ear();
  await world.settle();
  world.socket.open().refuse(FORBIDDEN);
  assert.ok(world.socket.closed);
  await world.advance(10 * MINUTE);
  assert.equal(world.sockets.length, 1);
  assert.equal(world.timers, 0);
});

test('a keep-alive that is refused for good ends the watch, too', async (t) => {
  const world = new World(t);
  const ear = await listening(world);
  await world.advance(5 * MINUTE);
  world.socket.refuse({ code: 'invalid_message', field: 'since', retryable: false });
  assert.equal(ear.watch.state, 'closed');
});

test('a frame that was refused for now is sent again, each time later', async (t) => {
  const world = new World(t);
  const ear = new Ear();
  await world.settle();
  const { socket } = world;
  socket.open();
  for (const [tries, wait] of [500, 1_000, 2_000].entries()) {
    socket.refuse(INTERNAL);
    await world.advance(wait - 1);
    assert.equal(socket.sent.length, tries + 1);
    await world.advance(1);
    assert.equal(socket.sent.length, tries + 2);
  }
  assert.equal(ear.watch.state, 'open');
  socket.answer();
  assert.equal(ear.watch.state, 'subscribed');
  assert.equal(ear.errors.length, 3);
  await world.advance(5 * MINUTE);
  socket.refuse(INTERNAL);
  await world.advance(500);
  assert.equal(socket.sent.length, 6, 'an answer between makes the wait short again');
  assert.equal(world.sockets.length, 1);
});

test('a ref that waits for another try keeps no other waiting', async (t) => {
  const world = new World(t);
  const ears = [new Ear(), new Ear({ ref: '8' })];
  await world.settle();
  const { socket } = world;
  socket.open().refuse(INTERNAL);
  assert.deepEqual(socket.refs, ['7', '8']);
  socket.answer();
  assert.deepEqual(
    ears.map((ear) => ear.watch.state),
    ['open', 'subscribed'],
  );
  assert.deepEqual(
    ears.map((ear) => ear.errors.length),
    [1, 0],
  );
  new Ear({ ref: '9' });
  await world.settle();
  assert.deepEqual(socket.refs, ['7', '8', '9'], 'nor one that comes meanwhile');
  socket.refuse(INTERNAL);
  await world.advance(SECOND);
  socket.serve();
  assert.deepEqual(socket.refs, ['7', '8', '9', '7', '9'], 'each is asked for once more');
  new Ear({ ref: '10' });
  await world.settle();
  socket.refuse(INTERNAL);
  await world.advance(SECOND);
  assert.deepEqual(socket.refs.slice(5), ['10', '10'], 'and not again with a later one');
});

test('a watch that closes while it waits for another try sends nothing more', async (t) => {
  const world = new World(t);
  const ear = new Ear({ ref: ['7', '8'] });
  await world.settle();
  world.socket.open().refuse(INTERNAL);
  world.socket.refuse(INTERNAL);
  ear.watch.close();
  assert.equal(world.timers, 0);
});

test('what API Gateway answers for the service is told, and the frame sent again', async (t) => {
  const world = new World(t);
  const ear = new Ear();
  await world.settle();
  const message = 'Internal server error';
  world.socket.open().say({ message, connectionId: 'c', requestId: 'r-2' });
  const [{ code, retryable, requestId }] = ear.errors;
  assert.deepEqual([code, retryable, requestId], ['gateway', true, 'r-2']);
  await world.advance(500);
  assert.equal(world.socket.sent.length, 2);
});

test('an unsubscribe that is refused troubles nobody', async (t) => {
  const world = new World(t);
  const one = await listening(world);
  const two = new Ear({ ref: '8' });
  await world.settle();
  world.socket.serve();
  two.watch.close();
  const three = new Ear({ ref: '8' });
  world.socket.refuse(FORBIDDEN);
  await world.settle();
  world.socket.serve();
  await world.advance(5 * MINUTE);
  world.socket.serve();
  for (const ear of [one, two, three]) assert.deepEqual(ear.errors, []);
  for (const ear of [one, three]) assert.equal(ear.watch.state, 'subscribed');
});

test('an error that answers nothing ends nothing', async (t) => {
  const world = new World(t);
  const ear = await listening(world);
  world.socket.say({ client: 'server', type: 'error', message: 'no', ...FORBIDDEN });
  assert.deepEqual([ear.errors, ear.watch.state], [[], 'subscribed']);
});

test('an address that no socket takes is told, and ends the watch', async (t) => {
  const world = new World(t);
  const ear = new Ear({ url: 'ftp://example.org/prod' });
  await world.settle();
  const [{ code, message, retryable }] = ear.errors;
  assert.deepEqual([code, retryable, ear.watch.state], ['address', false, 'closed']);
  assert.match(message, /ftp/);
  assert.equal(world.timers, 0);
});
