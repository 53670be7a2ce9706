import assert from 'node:assert/strict';
import { test } from 'node:test';
import { counting, Ear, HOUR, listening, MINUTE, SECOND, World } from './world.js';

test('before two hours are over the next connection is open and subscribed', async (t) => {
  const world = new World(t);
  const ear = await listening(world, { token: counting(), ref: ['7', '8'] });
  const [old] = world.sockets;
  const opened = world.now;
  await world.until(() => old.serve() && world.sockets.length > 1);
  const left = 2 * HOUR - (world.now - opened);
  assert.ok(MINUTE <= left && left <= 2 * MINUTE, `${left} milliseconds are left`);
  const next = world.socket;
  next.open();
  next.answer();
  assert.ok(!old.closed, 'the new one is subscribed to one of two refs');
  old.notify('a');
  next.notify('a');
  next.answer();
  assert.ok(old.closed);
  next.notify('b', { ref: '8' });
  assert.deepEqual(ear.heard, ['a', 'b']);
  assert.deepEqual(ear.states, ['connecting', 'open', 'subscribed']);
  assert.deepEqual(world.tokens, ['1', '2']);
});

test('the next connection, too, gets its successor', async (t) => {
  const world = new World(t);
  await listening(world);
  for (let elapsed = 0; elapsed < 6 * HOUR; elapsed += SECOND) {
    await world.advance(SECOND);
    for (const socket of world.sockets) if (!socket.closed) socket.serve({ life: HOUR });
  }
  const { length } = world.sockets;
  assert.ok(length > 6 && length < 9, `${length} sockets`);
  assert.equal(world.sockets.filter((socket) => !socket.closed).length, 1);
});

test('a keep-alive does not put the successor off', async (t) => {
  const world = new World(t);
  await listening(world);
  const end = world.now + 2 * HOUR;
  await world.until(() => world.sockets[0].serve() && world.sockets.length > 1);
  // A tenth of two hours is more than two minutes; of these, three quarters by the dice.
  assert.equal(end - world.now, 90 * SECOND);
});

test('the end of a token comes as early as it does', async (t) => {
  const world = new World(t);
  const ear = new Ear({ token: counting() });
  await world.settle();
  world.socket.serve({ life: 20 * SECOND });
  await world.advance(18 * SECOND);
  assert.equal(world.sockets.length, 1);
  await world.advance(SECOND);
  assert.deepEqual(world.tokens, ['1', '2']);
  world.socket.serve();
  assert.ok(world.sockets[0].closed);
  assert.deepEqual(ear.states, ['connecting', 'open', 'subscribed']);
});

test('a successor that fails is tried again while the old connection serves', async (t) => {
  const world = new World(t);
  const ear = new Ear({ token: counting() });
  await world.settle();
  world.socket.serve({ life: 10 * MINUTE });
  const [old] = world.sockets;
  await world.advance(5 * MINUTE);
  old.serve();
  await world.until(() => old.serve() && world.sockets.length > 1);
  world.socket.drop();
  await world.advance(500);
  assert.ok(!old.closed);
  old.notify('a');
  world.socket.serve();
  assert.ok(old.closed);
  assert.deepEqual(ear.heard, ['a']);
  assert.deepEqual(world.tokens, ['1', '2', '3']);
  assert.deepEqual(ear.states, ['connecting', 'open', 'subscribed']);
});

test('an old connection that ends before its successor is there is not waited for', async (t) => {
  const world = new World(t);
  const ear = new Ear();
  await world.settle();
  world.socket.serve({ life: 20 * SECOND });
  const [old] = world.sockets;
  await world.advance(19 * SECOND);
  await world.advance(SECOND);
  assert.ok(old.closed);
  assert.equal(ear.watch.state, 'connecting');
  world.socket.serve();
  await world.advance(MINUTE);
  assert.equal(ear.watch.state, 'subscribed');
  assert.equal(world.sockets.length, 2);
});

test('a successor that fails half-way leaves the old connection in place', async (t) => {
  const world = new World(t);
  const ear = await listening(world, { ref: ['7', '8'] });
  const [old] = world.sockets;
  await world.until(() => old.serve() && world.sockets.length > 1);
  world.socket.open().answer();
  world.socket.drop();
  old.notify('a');
  await world.until(() => world.sockets.length > 2, SECOND);
  assert.ok(!old.closed);
  assert.deepEqual(world.socket.sent, []);
  world.socket.serve();
  assert.ok(old.closed);
  world.socket.notify('a');
  world.socket.notify('b', { ref: '8' });
  assert.deepEqual(ear.heard, ['a', 'b']);
  assert.deepEqual(ear.states, ['connecting', 'open', 'subscribed']);
});

test('an old connection that ends while its successor waits does not wait twice', async (t) => {
  const world = new World(t);
  const page = world.browse(t);
  const ear = await listening(world);
  const [old] = world.sockets;
  await world.until(() => old.serve() && world.sockets.length > 1);
  world.socket.drop();
  await world.advance(100);
  old.drop();
  const [detail] = ear.details.slice(-1);
  assert.deepEqual(detail, { state: 'waiting', reason: 'closed with 1006', retryIn: 400 });
  await world.advance(400);
  const third = world.socket.serve();
  await world.advance(MINUTE);
  assert.equal(world.sockets.length, 3);
  await world.until(() => third.serve() && world.sockets.length > 3);
  world.socket.drop();
  await page.show();
  assert.equal(world.sockets.length, 5, 'nor at all, when the page is seen again');
});

test('a service that names no end is not left', async (t) => {
  const world = new World(t);
  new Ear();
  await world.settle();
  world.socket.open().answer({ expires_at: undefined });
  await world.advance(4 * MINUTE);
  assert.equal(world.sockets.length, 1);
});

test('who comes during the handover is waited for, who goes is not', async (t) => {
  const world = new World(t);
  const ear = await listening(world);
  const [old] = world.sockets;
  await world.until(() => old.serve() && world.sockets.length > 1);
  const late = new Ear({ ref: '8' });
  await world.settle();
  const next = world.socket.open();
  next.answer();
  assert.ok(!old.closed);
  late.watch.close();
  assert.ok(old.closed);
  next.notify('a');
  assert.deepEqual(ear.heard, ['a']);
});

test('both connections of a handover close with the last watch', async (t) => {
  const world = new World(t);
  const ear = await listening(world);
  const [old] = world.sockets;
  await world.until(() => old.serve() && world.sockets.length > 1);
  ear.watch.close();
  assert.deepEqual(
    world.sockets.map((socket) => socket.closed),
    [true, true],
  );
  assert.equal(world.timers, 0);
});
