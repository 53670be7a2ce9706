import assert from 'node:assert/strict';
import { test } from 'node:test';
import { watchRef } from '../src/index.js';
import { Ear, listening, MINUTE, World } from './world.js';

test('a watch subscribes as soon as its socket is open, and not before', async (t) => {
  const world = new World(t);
  const ear = new Ear({ ref: 7 });
  await world.settle();
  assert.deepEqual(world.socket.sent, []);
  world.socket.open();
  assert.deepEqual(world.socket.sent, [{ client: 'frontend', merchant_id: 'shop', ref: '7' }]);
  assert.deepEqual(ear.states, ['connecting', 'open']);
  world.socket.answer();
  assert.deepEqual(ear.states, ['connecting', 'open', 'subscribed']);
  assert.equal(ear.watch.state, 'subscribed');
});

test('a notification reaches the page with every field, its ref a string or not', async (t) => {
  const world = new World(t);
  const whole = [];
  await listening(world, {}, (notification) => whole.push(notification));
  world.socket.notify('a', { amount: '10.100', ref: 7 });
  assert.equal(whole[0].amount, '10.100');
  assert.equal(whole[0].sent_at, world.time());
});

test('what comes before the subscription stands is heard, too', async (t) => {
  const world = new World(t);
  const ear = new Ear();
  await world.settle();
  world.socket.open().notify('replayed');
  assert.deepEqual(ear.heard, ['replayed']);
});

test('an id is heard once', async (t) => {
  const world = new World(t);
  const ear = await listening(world);
  for (const id of ['a', 'b', 'a', 'b']) world.socket.notify(id);
  assert.deepEqual(ear.heard, ['a', 'b']);
});

test('of many ids the newest are remembered', async (t) => {
  const world = new World(t);
  const ear = await listening(world);
  const ids = Array.from({ length: 1_100 }, (_, index) => `id-${index}`);
  for (const id of ids) world.socket.notify(id);
  for (const id of ids.slice(-100)) world.socket.notify(id);
  assert.deepEqual(ear.heard, ids);
  world.socket.notify('id-0');
  assert.equal(ear.heard.length, 1_101);
});

test('a watch with since asks for what came later, and hears no more than that', async (t) => {
  const world = new World(t);
  const since = world.time();
  const one = await listening(world, { since });
  assert.equal(world.socket.sent[0].since, since);
  const two = new Ear();
  await world.settle();
  world.socket.notify('old', { sent_at: world.time(-MINUTE) });
  world.socket.notify('overlap', { sent_at: world.time(-9_000) });
  assert.deepEqual([one.heard, two.heard], [['overlap'], ['old', 'overlap']]);
});

test('a since from a clock that is ahead shuts nothing out', async (t) => {
  const world = new World(t);
  const ear = await listening(world, { since: world.time(60 * MINUTE) });
  world.socket.notify('a');
  assert.deepEqual(ear.heard, ['a']);
});

test('a watch knows up to when it heard all of its refs', async (t) => {
  const world = new World(t);
  const ear = new Ear({ ref: ['7', '8'] });
  await world.settle();
  world.socket.open();
  const first = world.time();
  world.socket.answer();
  assert.equal(ear.watch.since, undefined);
  await world.advance(100);
  world.socket.answer();
  assert.equal(ear.watch.since, first);
});

test('a watch that is closed at once opens no socket and asks for no token', async (t) => {
  const world = new World(t);
  const token = t.mock.fn(() => 'a');
  const ear = new Ear({ token });
  ear.watch.close();
  await world.settle();
  assert.equal(world.sockets.length + token.mock.callCount() + world.timers, 0);
  assert.deepEqual(ear.states, ['closed']);
});

test('a frame may close the watch whose event it is', async (t) => {
  const world = new World(t);
  const [one, two] = [await listening(world), new Ear({ ref: '8' })];
  two.watch.addEventListener('frame', () => two.watch.close());
  await world.settle();
  world.socket.serve();
  assert.deepEqual([one.watch.state, two.watch.state], ['subscribed', 'closed']);
  one.watch.addEventListener('frame', () => one.watch.close());
  world.socket.notify('a');
  assert.deepEqual(one.heard, []);
  assert.ok(world.socket.closed);
  assert.equal(world.timers, 0);
  const three = new Ear();
  await world.settle();
  three.watch.addEventListener('frame', ({ detail }) => {
    if (detail.direction === 'in') three.watch.close();
  });
  world.socket.serve();
  assert.equal(world.timers, 0);
});

test('nothing is heard after close', async (t) => {
  const world = new World(t);
  const ear = await listening(world, {}, (_, watch) => watch.close());
  const { onmessage } = world.socket;
  world.socket.notify('a');
  const late = { client: 'backend', merchant_id: 'shop', ref: '7', id: 'b' };
  onmessage({ data: JSON.stringify(late) });
  assert.deepEqual(ear.heard, ['a']);
  assert.deepEqual(ear.states.slice(-1), ['closed']);
});

test('until closes the watch by itself after the last notification', async (t) => {
  const world = new World(t);
  const ear = await listening(world, { until: ({ type }) => type === 'last' });
  world.socket.notify('a');
  assert.ok(!world.socket.closed);
  world.socket.notify('b', { type: 'last' });
  assert.deepEqual(ear.heard, ['a', 'b']);
  assert.equal(ear.watch.state, 'closed');
  assert.ok(world.socket.closed);
});

test('a page that throws is told, and neither it nor the others miss the next', async (t) => {
  const world = new World(t);
  const told = t.mock.method(console, 'error', () => {});
  const wrong = new Error('the fault of the page');
  const fail = () => {
    throw wrong;
  };
  const ears = [await listening(world, { until: fail }, fail), new Ear()];
  await world.settle();
  world.socket.notify('a');
  world.socket.notify('b');
  for (const ear of ears) assert.deepEqual(ear.heard, ['a', 'b']);
  assert.equal(told.mock.callCount(), 4);
  assert.equal(told.mock.calls[0].arguments[0], wrong);
});

test('a watch of nothing, of no address or since no time is refused at once', (t) => {
  const world = new World(t);
  const good = { url: 'wss://example.org/prod', merchantId: 'shop', ref: '7' };
  const wrong = [{ ref: '' }, { ref: [] }, { ref: undefined }, { merchantId: '' }, { url: 'here' }];
  for (const each of wrong) {
    assert.throws(() => watchRef({ ...good, ...each }, () => {}), TypeError);
  }
  assert.throws(() => watchRef({ ...good, since: 'yesterday' }, () => {}), RangeError);
  assert.equal(world.timers, 0);
});

test('what nobody can read is shown as a frame, and harms nothing', async (t) => {
  const world = new World(t);
  const ear = await listening(world);
  for (const text of ['', 'null', '7', '[]', '"a"', '{', '{"client":"server","type":"news"}']) {
    world.socket.say(text);
  }
  world.socket.notify('a');
  assert.deepEqual(ear.heard, ['a']);
  assert.deepEqual(ear.errors, []);
  assert.equal(ear.frames.length, 2 + 7 + 1);
});
