import assert from 'node:assert/strict';
import { test } from 'node:test';
import { FakeBrowser } from './fake_browser.js';

test('several refs of a watch share one socket, and subscribe one after another', async (t) => {
  const browser = new FakeBrowser(t);
  const watch = browser.watch({ ref: ['7', 8, '7'] });
  await browser.settle();
  const { socket } = browser;
  socket.open();
  assert.deepEqual(socket.refs, ['7']);
  socket.answer();
  assert.deepEqual(socket.refs, ['7', '8']);
  assert.equal(watch.state, 'open');
  socket.answer();
  assert.equal(watch.state, 'subscribed');
  socket.notify('a');
  socket.notify('b', { ref: 8 });
  assert.deepEqual(watch.heard, ['a', 'b']);
  assert.equal(browser.sockets.length, 1);
});

test('watches with one address and token share a socket, and each hears its own', async (t) => {
  const browser = new FakeBrowser(t);
  const token = () => 'a.b.c';
  const one = await browser.subscribedWatch({ token });
  const two = browser.watch({ token, ref: '8' });
  const three = browser.watch({ token, merchantId: 'other' });
  await browser.settle();
  browser.socket.serve();
  browser.socket.notify('a', { ref: '8' });
  browser.socket.notify('b', { merchant_id: 'other' });
  browser.socket.notify('c', { merchant_id: 'nobody' });
  assert.deepEqual([one.heard, two.heard, three.heard], [[], ['a'], ['b']]);
  assert.equal(browser.sockets.length, 1);
});

test('a ref is the same as a number and as a string', async (t) => {
  const browser = new FakeBrowser(t);
  const watches = [
    browser.watch({ ref: 7 }),
    browser.watch({ ref: '7' }),
    browser.watch({ ref: ['7', 7] }),
  ];
  await browser.settle();
  browser.socket.serve();
  assert.deepEqual(browser.socket.refs, ['7']);
  browser.socket.notify('a', { ref: 7 });
  browser.socket.notify('b', { ref: '7' });
  for (const watch of watches) assert.deepEqual(watch.heard, ['a', 'b']);
});

test('watches with different addresses or tokens have different sockets', async (t) => {
  const browser = new FakeBrowser(t);
  browser.watch({ token: 'a' });
  browser.watch({ token: 'b' });
  browser.watch({ token: 'a', url: 'wss://example.org/dev?page=1' });
  await browser.settle();
  assert.deepEqual(
    browser.sockets.map((socket) => socket.url),
    [
      'wss://example.org/prod?token=a',
      'wss://example.org/prod?token=b',
      'wss://example.org/dev?page=1&token=a',
    ],
  );
});

test('a second watch of a ref gets the replay, and the first hears nothing twice', async (t) => {
  const browser = new FakeBrowser(t);
  const one = await browser.subscribedWatch();
  browser.socket.notify('a');
  const two = browser.watch();
  await browser.settle();
  assert.equal(browser.socket.sent.length, 2);
  assert.equal(browser.socket.sent[1].since, undefined);
  browser.socket.notify('a');
  browser.socket.notify('b', { type: 'report' });
  browser.socket.answer();
  assert.deepEqual(
    [one.heard, two.heard],
    [
      ['a', 'b'],
      ['a', 'b'],
    ],
  );
});

test('a ref is unsubscribed with its last watch, the last of all closes the socket', async (t) => {
  const browser = new FakeBrowser(t);
  const watches = [await browser.subscribedWatch(), browser.watch(), browser.watch({ ref: '8' })];
  const { socket } = browser;
  await browser.settle();
  socket.serve();
  const before = socket.sent.length;
  watches[0].close();
  assert.equal(socket.sent.length, before);
  watches[1].close();
  assert.deepEqual(socket.sent.at(-1), { action: 'unsubscribe', merchant_id: 'shop', ref: '7' });
  socket.answer();
  assert.ok(!socket.closed);
  watches[2].close();
  assert.ok(socket.closed);
  assert.equal(browser.timers, 0);
});

test('a watch of a ref that is being unsubscribed subscribes after that', async (t) => {
  const browser = new FakeBrowser(t);
  await browser.subscribedWatch({ ref: '8' });
  const one = browser.watch();
  await browser.settle();
  browser.socket.answer();
  one.close();
  const two = browser.watch();
  await browser.settle();
  assert.equal(browser.socket.sent.at(-1).action, 'unsubscribe');
  browser.socket.answer();
  assert.deepEqual(browser.socket.sent.at(-1), {
    client: 'frontend',
    merchant_id: 'shop',
    ref: '7',
  });
  browser.socket.answer();
  assert.equal(two.state, 'subscribed');
});

test('a watch closed by another during a delivery or an event receives neither', async (t) => {
  const browser = new FakeBrowser(t);
  const one = await browser.subscribedWatch({}, () => two.close());
  const two = browser.watch();
  await browser.settle();
  browser.socket.serve().notify('a');
  assert.deepEqual([one.heard, two.heard], [['a'], []]);
  const three = browser.watch();
  await browser.settle();
  browser.socket.serve();
  const four = browser.watch();
  one.on('state', () => three.close());
  one.on('error', () => four.close());
  browser.socket.drop();
  assert.deepEqual(three.states.slice(-2), ['subscribed', 'closed']);
  await browser.nextSocket();
  await browser.failHandshakes(3);
  assert.deepEqual([one.errors.length, four.errors, four.state], [1, [], 'closed']);
});

test('a watch opened during a delivery does not receive that notification', async (t) => {
  const browser = new FakeBrowser(t);
  const watches = [];
  const again = () => watches.length < 9 && watches.push(browser.watch({}, again));
  watches.push(await browser.subscribedWatch({}, again));
  browser.socket.notify('a');
  assert.deepEqual(
    watches.map(({ heard }) => heard),
    [['a'], []],
  );
});

test('a watch opened by the closed event of another uses its socket', async (t) => {
  const browser = new FakeBrowser(t);
  const watch = await browser.subscribedWatch();
  let next;
  watch.on('state', () => (next = browser.watch({ ref: '8' })));
  watch.close();
  await browser.settle();
  browser.socket.serve();
  assert.equal(browser.sockets.length, 1);
  assert.equal(next.state, 'subscribed');
  assert.deepEqual(browser.socket.sent.map(({ action }) => action).filter(Boolean), [
    'unsubscribe',
  ]);
});

test('a watch emits the raw frames of its own refs in both directions', async (t) => {
  const browser = new FakeBrowser(t);
  const one = await browser.subscribedWatch();
  const two = browser.watch({ ref: '8' });
  await browser.settle();
  browser.socket.serve();
  const directions = ({ frames }) =>
    frames.map(({ direction, data }) => [direction, JSON.parse(data).ref]);
  assert.deepEqual(directions(one), [
    ['out', '7'],
    ['in', '7'],
  ]);
  assert.deepEqual(directions(two), [
    ['out', '8'],
    ['in', '8'],
  ]);
});
