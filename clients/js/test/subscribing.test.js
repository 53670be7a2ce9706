import assert from 'node:assert/strict';
import { test } from 'node:test';
import { watchRef } from '../src/index.js';
import { FakeBrowser, MINUTE } from './fake_browser.js';

test('a watch subscribes when its socket opens, and not before', async (t) => {
  const browser = new FakeBrowser(t);
  const watch = browser.watch({ ref: 7 });
  await browser.settle();
  assert.deepEqual(browser.socket.sent, []);
  browser.socket.open();
  assert.deepEqual(browser.socket.sent, [{ client: 'frontend', merchant_id: 'shop', ref: '7' }]);
  assert.deepEqual(watch.states, ['connecting', 'open']);
  browser.socket.answer();
  assert.deepEqual(watch.states, ['connecting', 'open', 'subscribed']);
  assert.equal(watch.state, 'subscribed');
});

test('a notification with an integer ref is delivered with every field', async (t) => {
  const browser = new FakeBrowser(t);
  const received = [];
  await browser.subscribedWatch({}, (notification) => received.push(notification));
  browser.socket.notify('a', { amount: '10.100', ref: 7 });
  assert.equal(received[0].amount, '10.100');
  assert.equal(received[0].sent_at, browser.serverTime());
});

test('an id is heard once, as long as it is among the newest 1,000', async (t) => {
  const browser = new FakeBrowser(t);
  const watch = await browser.subscribedWatch();
  const ids = Array.from({ length: 1_100 }, (_, index) => `id-${index}`);
  for (const id of ids) browser.socket.notify(id);
  for (const id of ids.slice(-1_000)) browser.socket.notify(id);
  assert.deepEqual(watch.heard, ids);
  browser.socket.notify('id-0');
  assert.equal(watch.heard.length, 1_101);
});

test('a watch with since asks for what came later, and hears nothing older', async (t) => {
  const browser = new FakeBrowser(t);
  const since = browser.serverTime();
  const one = browser.watch({ since });
  await browser.settle();
  browser.socket.open();
  assert.equal(browser.socket.sent[0].since, since);
  const replay = () => {
    browser.socket.notify('old', { sent_at: browser.serverTime(-10_001) });
    browser.socket.notify('overlap', { sent_at: browser.serverTime(-10_000) });
    browser.socket.answer();
  };
  replay();
  assert.deepEqual(one.heard, ['overlap']);
  const two = browser.watch({ every: true });
  await browser.settle();
  replay();
  assert.deepEqual([one.heard, two.heard], [['overlap'], ['old', 'overlap']]);
});

test('a since in the future excludes nothing that is sent after the subscribe', async (t) => {
  const browser = new FakeBrowser(t);
  const watch = await browser.subscribedWatch({ since: browser.serverTime(60 * MINUTE) });
  browser.socket.notify('a');
  assert.deepEqual(watch.heard, ['a']);
});

test('the since of a watch is the earliest of its refs', async (t) => {
  const browser = new FakeBrowser(t);
  const watch = browser.watch({ ref: ['7', '8'] });
  await browser.settle();
  browser.socket.open();
  const first = browser.serverTime();
  browser.socket.answer();
  assert.equal(watch.since, undefined);
  await browser.advance(100);
  browser.socket.answer();
  assert.equal(watch.since, first);
});

test('a watch that is closed at once opens no socket and fetches no token', async (t) => {
  const browser = new FakeBrowser(t);
  const token = t.mock.fn(() => 'a');
  const watch = browser.watch({ token });
  watch.close();
  await browser.settle();
  assert.equal(browser.sockets.length + token.mock.callCount() + browser.timers, 0);
  assert.deepEqual(watch.states, ['closed']);
});

test('a watch closed by its own frame event ignores that frame, and leaves no timer', async (t) => {
  const browser = new FakeBrowser(t);
  const [one, two] = [await browser.subscribedWatch(), browser.watch({ ref: '8' })];
  two.on('frame', () => two.close());
  await browser.settle();
  browser.socket.serve();
  assert.deepEqual([one.state, two.state], ['subscribed', 'closed']);
  one.on('frame', () => one.close());
  browser.socket.notify('a');
  assert.deepEqual(one.heard, []);
  assert.ok(browser.socket.closed);
  assert.equal(browser.timers, 0);
  const three = browser.watch();
  await browser.settle();
  three.on('frame', ({ detail }) => {
    if (detail.direction === 'in') three.close();
  });
  browser.socket.serve();
  assert.equal(browser.timers, 0);
});

test('a notification after close is ignored', async (t) => {
  const browser = new FakeBrowser(t);
  const watch = await browser.subscribedWatch({}, (_, self) => self.close());
  const { onmessage } = browser.socket;
  browser.socket.notify('a');
  const late = { client: 'backend', merchant_id: 'shop', ref: '7', id: 'b' };
  onmessage({ data: JSON.stringify(late) });
  assert.deepEqual(watch.heard, ['a']);
  assert.deepEqual(watch.states.slice(-1), ['closed']);
});

test('a notification for which until is true is delivered, and closes the watch', async (t) => {
  const browser = new FakeBrowser(t);
  const watch = await browser.subscribedWatch({ until: ({ type }) => type === 'last' });
  browser.socket.notify('a');
  assert.ok(!browser.socket.closed);
  browser.socket.notify('b', { type: 'last' });
  assert.deepEqual(watch.heard, ['a', 'b']);
  assert.equal(watch.state, 'closed');
  assert.ok(browser.socket.closed);
});

test('an exception of the page is reported, and stops no delivery', async (t) => {
  const browser = new FakeBrowser(t);
  const reported = t.mock.method(console, 'error', () => {});
  const error = new Error('a bug of the page');
  const fail = () => {
    throw error;
  };
  const watches = [await browser.subscribedWatch({ until: fail }, fail), browser.watch()];
  await browser.settle();
  browser.socket.serve();
  browser.socket.notify('a');
  browser.socket.notify('b');
  for (const watch of watches) assert.deepEqual(watch.heard, ['a', 'b']);
  assert.equal(reported.mock.callCount(), 4);
  assert.equal(reported.mock.calls[0].arguments[0], error);
});

test('an invalid url, merchantId, ref or since throws at once', (t) => {
  const browser = new FakeBrowser(t);
  const good = { url: 'wss://example.org/prod', merchantId: 'shop', ref: '7' };
  const invalid = [
    { ref: '' },
    { ref: [] },
    { ref: undefined },
    { merchantId: '' },
    { url: 'here' },
  ];
  for (const each of invalid) {
    assert.throws(() => watchRef({ ...good, ...each }, () => {}), TypeError);
  }
  assert.throws(() => watchRef({ ...good, since: 'yesterday' }, () => {}), RangeError);
  assert.equal(browser.timers, 0);
});

test('an unknown frame is emitted, and does not answer the pending one', async (t) => {
  const browser = new FakeBrowser(t);
  const watch = browser.watch();
  await browser.settle();
  browser.socket.open();
  const unknown = '{"client":"server","type":"news","message":"a"}';
  for (const text of ['', 'null', '7', '[]', '"a"', '{', unknown]) browser.socket.deliver(text);
  browser.socket.notify('a');
  assert.deepEqual([watch.heard, watch.errors, watch.state], [[], [], 'open']);
  browser.socket.answer();
  assert.deepEqual([watch.heard, watch.state], [['a'], 'subscribed']);
  assert.equal(watch.frames.length, 1 + 7 + 2);
});
