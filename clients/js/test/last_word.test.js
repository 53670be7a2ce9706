import assert from 'node:assert/strict';
import { test } from 'node:test';
import { FakeBrowser, MINUTE, SECOND } from './fake_browser.js';

const paymentEnds = { until: ({ type }) => type.startsWith('payment') };

/** Notifications that were sent so many seconds ago, by id. */
function replay(browser, sent, more) {
  for (const [id, ago] of Object.entries(sent)) {
    browser.socket.notify(id, { sent_at: browser.serverTime(-ago * SECOND), ...more });
  }
}

/** A watch whose subscribe is not answered yet. */
async function openWatch(browser, options) {
  const watch = browser.watch(options);
  await browser.settle();
  browser.socket.open();
  return watch;
}

test('a page that opens after a failed and a paid attempt ends with the paid one', async (t) => {
  const browser = new FakeBrowser(t);
  const watch = await openWatch(browser, paymentEnds);
  replay(browser, { failed: 60, paid: 30 });
  assert.deepEqual(watch.heard, []);
  browser.socket.answer();
  assert.deepEqual([watch.heard, watch.state], [['paid'], 'closed']);
});

test('the newest of a type is the last word, in whichever order a replay comes', async (t) => {
  const browser = new FakeBrowser(t);
  const watch = await openWatch(browser);
  replay(browser, { second: 20, third: 10, first: 30 });
  browser.socket.answer();
  assert.deepEqual(watch.heard, ['third']);
  await browser.advance(5 * MINUTE);
  replay(browser, { earlier: 0, later: 0 });
  browser.socket.answer();
  assert.deepEqual(watch.heard, ['third', 'later'], 'of equals the one that came later');
});

test('the last words of different types are all delivered, oldest first', async (t) => {
  const browser = new FakeBrowser(t);
  const watch = await openWatch(browser);
  replay(browser, { report: 10, 'old report': 40 }, { type: 'report' });
  replay(browser, { paid: 30, failed: 60 });
  browser.socket.answer();
  assert.deepEqual(watch.heard, ['paid', 'report']);
});

test('a live notification within a replay is held with it', async (t) => {
  const browser = new FakeBrowser(t);
  const watch = await openWatch(browser, paymentEnds);
  replay(browser, { paid: 0, failed: 60 });
  browser.socket.answer();
  assert.deepEqual(watch.heard, ['paid']);
});

test('what comes after the subscribe was confirmed is delivered at once, as it comes', async (t) => {
  const browser = new FakeBrowser(t);
  const watch = await browser.subscribedWatch();
  replay(browser, { a: 0, 'of a slower clock': 1 });
  assert.deepEqual(watch.heard, ['a', 'of a slower clock']);
});

test('a replay after a reconnect brings nothing older than what was delivered', async (t) => {
  const browser = new FakeBrowser(t);
  const watch = await browser.subscribedWatch();
  browser.socket.notify('paid');
  browser.socket.notify('of a slower clock', { sent_at: browser.serverTime(-SECOND) });
  browser.socket.drop();
  await browser.nextSocket();
  browser.socket.open();
  browser.socket.notify('missed', { sent_at: browser.serverTime(-SECOND) });
  browser.socket.notify('report', { sent_at: browser.serverTime(-SECOND), type: 'report' });
  browser.socket.answer();
  browser.socket.notify('missed');
  assert.deepEqual(watch.heard, ['paid', 'of a slower clock', 'report']);
});

test('nothing waits for more than 2 seconds for the rest of its replay', async (t) => {
  const browser = new FakeBrowser(t);
  const watch = await openWatch(browser);
  await browser.advance(SECOND);
  replay(browser, { first: 60 });
  await browser.advance(SECOND);
  replay(browser, { second: 50 });
  await browser.advance(SECOND - 1);
  assert.deepEqual(watch.heard, []);
  await browser.advance(1);
  assert.deepEqual(watch.heard, ['second']);
  replay(browser, { older: 55, third: 40 });
  assert.deepEqual(watch.heard, ['second'], 'the rest is held in turn');
  browser.socket.answer();
  assert.deepEqual(watch.heard, ['second', 'third']);
});

for (const [failure, fail] of [
  ['is rejected as retryable', ({ socket }) => socket.reject({ retryable: true })],
  ['is rejected for good', ({ socket }) => socket.reject({ retryable: false })],
  ['is lost with its connection', ({ socket }) => socket.drop()],
  ['is not answered', (browser) => browser.advance(5 * SECOND)],
]) {
  test(`a subscribe that ${failure} delivers what was held`, async (t) => {
    const browser = new FakeBrowser(t);
    const watch = await openWatch(browser);
    replay(browser, { a: 60, b: 30 });
    await fail(browser);
    assert.deepEqual(watch.heard, ['b']);
  });
}

test('a watch that is closed while a replay is held hears nothing of it', async (t) => {
  const browser = new FakeBrowser(t);
  const watch = await openWatch(browser);
  replay(browser, { a: 60 });
  watch.close();
  await browser.advance(10 * SECOND);
  assert.deepEqual([watch.heard, browser.timers], [[], 0]);
});

test('the newest that until accepts ends the watch, after the older ones of no interest', async (t) => {
  const browser = new FakeBrowser(t);
  const watch = await openWatch(browser, paymentEnds);
  replay(browser, { report: 50 }, { type: 'report' });
  replay(browser, { failed: 40 }, { type: 'payment.failed' });
  replay(browser, { paid: 30 }, { type: 'payment.succeeded' });
  replay(browser, { shipped: 20 }, { type: 'shipping' });
  browser.socket.answer();
  assert.deepEqual([watch.heard, watch.state], [['report', 'paid'], 'closed']);
});

test('an until that looks at what the page was shown is asked after a replay, too', async (t) => {
  const browser = new FakeBrowser(t);
  const missing = new Set(['payment', 'report']);
  const until = () => missing.size === 0;
  const watch = browser.watch({ until }, ({ type }) => missing.delete(type));
  await browser.settle();
  browser.socket.open();
  replay(browser, { paid: 60 });
  replay(browser, { ready: 30 }, { type: 'report' });
  browser.socket.answer();
  assert.deepEqual([watch.heard, watch.state], [['paid', 'ready'], 'closed']);
});

for (const [looks, until] of [
  ['what the page shows', ({ shown }) => shown === 'paid'],
  ['how often it was asked', ({ asked }) => asked === 2],
]) {
  test(`an until that looks at ${looks} ends the watch as it would live`, async (t) => {
    const browser = new FakeBrowser(t);
    const page = { shown: '', asked: 0 };
    const options = { until: () => until({ ...page, asked: ++page.asked }) };
    const watch = browser.watch(options, ({ id }) => (page.shown = id));
    await browser.settle();
    browser.socket.open();
    replay(browser, { ordered: 60 }, { type: 'order' });
    replay(browser, { paid: 50 });
    replay(browser, { ready: 30 }, { type: 'report' });
    browser.socket.answer();
    assert.deepEqual([watch.heard, watch.state], [['ordered', 'paid'], 'closed']);
  });
}

test('a watch closed by its first of two replayed notifications hears no second', async (t) => {
  const browser = new FakeBrowser(t);
  const watch = browser.watch({}, (_, self) => self.close());
  await browser.settle();
  browser.socket.open();
  replay(browser, { paid: 60 });
  replay(browser, { ready: 30 }, { type: 'report' });
  browser.socket.answer();
  assert.deepEqual([watch.heard, browser.timers], [['paid'], 0]);
});

test('a watch with every hears everything as it comes, also beside one without', async (t) => {
  const browser = new FakeBrowser(t);
  const all = await openWatch(browser, { every: true });
  const last = browser.watch();
  replay(browser, { failed: 60, paid: 30 });
  assert.deepEqual([all.heard, last.heard], [['failed', 'paid'], []]);
  await browser.settle();
  browser.socket.serve();
  assert.deepEqual([all.heard, last.heard], [['failed', 'paid'], ['paid']]);
});

test('a watch with every that joins a replay under way hears all of it', async (t) => {
  const browser = new FakeBrowser(t);
  const last = await openWatch(browser);
  replay(browser, { failed: 60, paid: 30 });
  const all = browser.watch({ every: true, until: ({ id }) => id === 'paid' });
  browser.socket.answer();
  assert.deepEqual([last.heard, all.heard, all.state], [['paid'], ['failed', 'paid'], 'closed']);
});

test('a page that keeps since within a callback misses nothing after a reload', async (t) => {
  const browser = new FakeBrowser(t);
  let kept;
  const watch = browser.watch({}, (_, self) => (kept = self.since));
  await browser.settle();
  browser.socket.open();
  replay(browser, { paid: 60 });
  browser.socket.answer();
  assert.deepEqual([watch.heard, kept], [['paid'], undefined]);
});

test('what is held on the old connection is delivered when the next takes over', async (t) => {
  const browser = new FakeBrowser(t);
  const page = browser.page();
  const watch = await browser.subscribedWatch();
  const [old] = browser.sockets;
  await page.show();
  old.notify('paid');
  await page.online();
  browser.socket.serve();
  assert.ok(old.closed);
  assert.deepEqual(watch.heard, ['paid']);
});
