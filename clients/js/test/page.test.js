import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Ear, listening, SECOND, World } from './world.js';

test('a page that becomes visible connects at once', async (t) => {
  const world = new World(t);
  const page = world.browse(t);
  await listening(world);
  await page.hide();
  world.socket.drop();
  await page.hide();
  assert.equal(world.sockets.length, 1);
  for (const event of [page.show, page.hide, page.show]) await event();
  assert.equal(world.sockets.length, 2);
  world.socket.serve();
  await world.advance(SECOND);
  assert.equal(world.sockets.length, 2, 'nor does the wait open another');
});

test('a page that becomes visible asks whether its connection lives', async (t) => {
  const world = new World(t);
  const page = world.browse(t);
  await listening(world);
  await page.show();
  assert.equal(world.socket.sent.length, 2);
  await world.advance(6 * SECOND);
  assert.equal(world.sockets.length, 2);
});

test('a network that returns connects at once, beside the old connection', async (t) => {
  const world = new World(t);
  const page = world.browse(t);
  const ear = await listening(world);
  await page.online();
  const [old, next] = world.sockets;
  assert.ok(!old.closed);
  old.notify('a');
  next.serve();
  assert.ok(old.closed);
  next.notify('a');
  assert.deepEqual(ear.heard, ['a']);
  assert.ok(!ear.states.includes('waiting'));
});

test('a network that returns ends a wait and a handshake on the network before', async (t) => {
  const world = new World(t);
  const page = world.browse(t);
  await listening(world);
  world.socket.drop();
  await page.online();
  await page.online();
  const closed = world.sockets.map((socket) => socket.closed);
  assert.deepEqual(closed, [true, true, false]);
  await world.advance(10 * SECOND);
  assert.equal(world.sockets.length, 3);
});

test('a network that leaves is noticed within 5 seconds', async (t) => {
  const world = new World(t);
  const page = world.browse(t);
  const ear = await listening(world);
  await page.offline();
  await world.advance(5 * SECOND);
  assert.equal(ear.watch.state, 'waiting');
});

test('a worker, which has no document, notices its network, too', async (t) => {
  const world = new World(t);
  const page = world.browse(t, { worker: true });
  await listening(world);
  await page.offline();
  assert.equal(world.socket.sent.length, 2);
  await page.online();
  assert.equal(world.sockets.length, 2);
});

test('a closed watch looks at the page no more', async (t) => {
  const world = new World(t);
  const page = world.browse(t);
  const ear = await listening(world);
  assert.equal(page.listeners(), 3);
  ear.watch.close();
  assert.equal(page.listeners(), 0);
});

test('a page that becomes visible, and a network that returns, end the slow wait', async (t) => {
  for (const event of ['show', 'online']) {
    const world = new World(t);
    const page = world.browse(t);
    const ear = new Ear();
    await world.settle();
    await world.failures(2);
    world.socket.drop();
    await page[event]();
    assert.equal(world.sockets.length, 4);
    assert.deepEqual(await world.failures(2), [500, 1_000]);
    ear.watch.close();
    t.mock.restoreAll();
  }
});

test('without a network a failed handshake says nothing of token and address', async (t) => {
  const world = new World(t);
  const page = world.browse(t);
  const ear = new Ear();
  await page.offline();
  await world.failures(5);
  assert.deepEqual(ear.errors, []);
});
