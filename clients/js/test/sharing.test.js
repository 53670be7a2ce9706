import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Ear, listening, World } from './world.js';

test('several refs share one socket, and ask one after another', async (t) => {
  const world = new World(t);
  const ear = new Ear({ ref: ['7', 8, '7'] });
  await world.settle();
  const { socket } = world;
  socket.open();
  assert.deepEqual(socket.refs, ['7']);
  socket.answer();
  assert.deepEqual(socket.refs, ['7', '8']);
  assert.equal(ear.watch.state, 'open');
  socket.answer();
  assert.equal(ear.watch.state, 'subscribed');
  socket.notify('a');
  socket.notify('b', { ref: 8 });
  assert.deepEqual(ear.heard, ['a', 'b']);
  assert.equal(world.sockets.length, 1);
});

test('watches of one address and token share a socket, each hears its own', async (t) => {
  const world = new World(t);
  const token = () => 'a.b.c';
  const one = await listening(world, { token });
  const two = new Ear({ token, ref: '8' });
  const three = new Ear({ token, merchantId: 'other' });
  await world.settle();
  world.socket.serve();
  world.socket.notify('a', { ref: '8' });
  world.socket.notify('b', { merchant_id: 'other' });
  world.socket.notify('c', { merchant_id: 'nobody' });
  assert.deepEqual([one.heard, two.heard, three.heard], [[], ['a'], ['b']]);
  assert.equal(world.sockets.length, 1);
});

test('a ref is the same as a number and as a string', async (t) => {
  const world = new World(t);
  const ears = [new Ear({ ref: 7 }), new Ear({ ref: '7' }), new Ear({ ref: ['7', 7] })];
  await world.settle();
  world.socket.serve();
  assert.deepEqual(world.socket.refs, ['7']);
  world.socket.notify('a', { ref: 7 });
  world.socket.notify('b', { ref: '7' });
  for (const ear of ears) assert.deepEqual(ear.heard, ['a', 'b']);
});

test('watches of another address or token have a socket of their own', async (t) => {
  const world = new World(t);
  new Ear({ token: 'a' });
  new Ear({ token: 'b' });
  new Ear({ token: 'a', url: 'wss://example.org/dev?page=1' });
  await world.settle();
  assert.deepEqual(
    world.sockets.map((socket) => socket.url),
    [
      'wss://example.org/prod?token=a',
      'wss://example.org/prod?token=b',
      'wss://example.org/dev?page=1&token=a',
    ],
  );
});

test('a later watch of a ref gets its replay, and the first hears nothing twice', async (t) => {
  const world = new World(t);
  const one = await listening(world);
  world.socket.notify('a');
  const two = new Ear();
  await world.settle();
  assert.equal(world.socket.sent.length, 2);
  assert.equal(world.socket.sent[1].since, undefined);
  world.socket.notify('a');
  world.socket.notify('b');
  assert.deepEqual(
    [one.heard, two.heard],
    [
      ['a', 'b'],
      ['a', 'b'],
    ],
  );
});

test('a ref is left when its last watch closes, the socket with the last of all', async (t) => {
  const world = new World(t);
  const ears = [await listening(world), new Ear(), new Ear({ ref: '8' })];
  const { socket } = world;
  await world.settle();
  socket.serve();
  const before = socket.sent.length;
  ears[0].watch.close();
  assert.equal(socket.sent.length, before);
  ears[1].watch.close();
  assert.deepEqual(socket.sent.at(-1), { action: 'unsubscribe', merchant_id: 'shop', ref: '7' });
  socket.answer();
  assert.ok(!socket.closed);
  ears[2].watch.close();
  assert.ok(socket.closed);
  assert.equal(world.timers, 0);
});

test('who comes back to a ref that is being left subscribes again', async (t) => {
  const world = new World(t);
  await listening(world, { ref: '8' });
  const one = new Ear();
  await world.settle();
  world.socket.answer();
  one.watch.close();
  const two = new Ear();
  await world.settle();
  assert.equal(world.socket.sent.at(-1).action, 'unsubscribe');
  world.socket.answer();
  assert.deepEqual(world.socket.sent.at(-1), { client: 'frontend', merchant_id: 'shop', ref: '7' });
  world.socket.answer();
  assert.equal(two.watch.state, 'subscribed');
});

test('a watch that another closes hears no more, not even of what is under way', async (t) => {
  const world = new World(t);
  const one = await listening(world, {}, () => two.watch.close());
  const two = new Ear();
  await world.settle();
  world.socket.serve().notify('a');
  assert.deepEqual([one.heard, two.heard], [['a'], []]);
  const three = new Ear();
  await world.settle();
  world.socket.serve();
  one.watch.addEventListener('state', () => three.watch.close());
  world.socket.drop();
  assert.deepEqual(three.states.slice(-2), ['subscribed', 'closed']);
});

test('a page may open another watch of the ref that it hears of', async (t) => {
  const world = new World(t);
  const ears = [];
  const again = () => ears.length < 9 && ears.push(new Ear({}, again));
  ears.push(await listening(world, {}, again));
  world.socket.notify('a');
  assert.deepEqual(
    ears.map(({ heard }) => heard),
    [['a'], []],
  );
});

test('the event that says closed may open the next watch on the same socket', async (t) => {
  const world = new World(t);
  const ear = await listening(world);
  let next;
  ear.watch.addEventListener('state', () => (next = new Ear({ ref: '8' })));
  ear.watch.close();
  await world.settle();
  world.socket.serve();
  assert.equal(world.sockets.length, 1);
  assert.equal(next.watch.state, 'subscribed');
  assert.deepEqual(world.socket.sent.map(({ action }) => action).filter(Boolean), ['unsubscribe']);
});

test('the raw frames of both directions are events, of each watch its own', async (t) => {
  const world = new World(t);
  const one = await listening(world);
  const two = new Ear({ ref: '8' });
  await world.settle();
  world.socket.serve();
  const told = ({ frames }) =>
    frames.map(({ direction, data }) => [direction, JSON.parse(data).ref]);
  assert.deepEqual(told(one), [
    ['out', '7'],
    ['in', '7'],
  ]);
  assert.deepEqual(told(two), [
    ['out', '8'],
    ['in', '8'],
  ]);
});
