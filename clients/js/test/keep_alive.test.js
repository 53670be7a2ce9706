import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Ear, listening, MINUTE, SECOND, World } from './world.js';

test('every five minutes the subscribe is repeated with the now of the server', async (t) => {
  const world = new World(t);
  await listening(world, { ref: ['7', '8'] });
  const { socket } = world;
  for (let round = 1; round < 4; round++) {
    const since = world.time();
    await world.advance(5 * MINUTE - 1);
    assert.equal(socket.sent.length, 2 * round);
    await world.advance(1);
    const asked = { client: 'frontend', merchant_id: 'shop', ref: '7' };
    assert.deepEqual(socket.sent.at(-1), { ...asked, since });
    socket.serve();
    assert.equal(socket.sent.length, 2 * round + 2);
    assert.equal(socket.sent.at(-1).since, since);
  }
  assert.equal(world.sockets.length, 1);
});

test('the repeated subscribe brings what a failed post withheld', async (t) => {
  const world = new World(t);
  const ear = await listening(world);
  world.socket.notify('a');
  await world.advance(5 * MINUTE);
  world.socket.notify('a');
  world.socket.notify('withheld', { sent_at: world.time(-MINUTE) });
  assert.deepEqual(ear.heard, ['a', 'withheld']);
});

test('an answer that does not come within 5 seconds means a dead network', async (t) => {
  const world = new World(t);
  const ear = await listening(world);
  const { socket } = world;
  const since = world.time();
  await world.advance(5 * MINUTE + 5 * SECOND - 1);
  assert.ok(!socket.closed);
  await world.advance(1);
  assert.ok(socket.closed, 'given up, without waiting for its close event');
  assert.equal(ear.watch.state, 'waiting');
  await world.advance(SECOND);
  assert.equal(world.sockets.length, 2);
  world.socket.serve();
  assert.equal(world.socket.sent[0].since, since);
  assert.equal(ear.watch.state, 'subscribed');
});

test('the first subscribe, too, is given 5 seconds', async (t) => {
  const world = new World(t);
  new Ear();
  await world.settle();
  world.socket.open();
  await world.advance(5 * SECOND);
  assert.ok(world.socket.closed);
});

test('a page in the background judges nothing before it looked a second time', async (t) => {
  const world = new World(t);
  const ear = await listening(world);
  await world.advance(5 * MINUTE);
  await world.sleep(MINUTE);
  assert.ok(!world.socket.closed, 'the answer may lie in the queue');
  world.socket.answer();
  await world.advance(MINUTE);
  assert.ok(!world.socket.closed);
  assert.equal(ear.watch.state, 'subscribed');
});

test('at the second look a missing answer is missing', async (t) => {
  const world = new World(t);
  await listening(world);
  await world.advance(5 * MINUTE);
  await world.sleep(MINUTE);
  await world.sleep(MINUTE);
  assert.ok(world.socket.closed);
});

test('a machine that slept asks at once, and comes back', async (t) => {
  const world = new World(t);
  const ear = await listening(world);
  await world.sleep(30 * MINUTE);
  assert.equal(world.socket.sent.length, 2);
  await world.advance(6 * SECOND);
  assert.equal(world.sockets.length, 2);
  world.socket.serve();
  assert.equal(ear.watch.state, 'subscribed');
});

test('a long replay puts its answer off', async (t) => {
  const world = new World(t);
  await listening(world);
  const { socket } = world;
  await world.advance(5 * MINUTE);
  for (let each = 0; each < 6; each++) {
    await world.advance(4 * SECOND);
    socket.notify(`missed-${each}`);
  }
  assert.ok(!socket.closed);
});

test('an answer that got lost is missed however much is said', async (t) => {
  const world = new World(t);
  await listening(world);
  const { socket } = world;
  await world.advance(5 * MINUTE);
  for (let each = 0; each < 8; each++) {
    await world.advance(4 * SECOND);
    socket.notify(`lively-${each}`);
  }
  await world.advance(3 * SECOND);
  assert.ok(socket.closed);
});

test('what another ref says is no answer', async (t) => {
  const world = new World(t);
  await listening(world, { ref: ['7', '8'] });
  const { socket } = world;
  await world.advance(5 * MINUTE + 4 * SECOND);
  socket.notify('a', { ref: '8' });
  for (const type of ['subscribed', 'unsubscribed']) {
    socket.say({ client: 'server', type, merchant_id: 'shop', ref: '8', now: world.time() });
  }
  socket.say({ client: 'server', type: 'unsubscribed', merchant_id: 'shop', ref: '9' });
  await world.advance(SECOND);
  assert.ok(socket.closed);
});

test('a keep-alive waits for the answer that is still out', async (t) => {
  const world = new World(t);
  await listening(world);
  await world.advance(5 * MINUTE - SECOND);
  new Ear({ ref: '8' });
  await world.advance(2 * SECOND);
  assert.deepEqual(world.socket.refs, ['7', '8']);
  world.socket.serve();
  assert.deepEqual(world.socket.refs, ['7', '8', '7', '8']);
});
