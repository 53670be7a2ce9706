import assert from 'node:assert/strict';
import { test } from 'node:test';
import { countingTokens, FakeBrowser, HOUR, MINUTE, SECOND } from './fake_browser.js';

test('a connection that is kept alive is replaced before its two hours end', async (t) => {
  const browser = new FakeBrowser(t);
  const watch = await browser.subscribedWatch({ token: countingTokens(), ref: ['7', '8'] });
  const [old] = browser.sockets;
  const end = browser.now + 2 * HOUR;
  await browser.until(() => old.serve() && browser.sockets.length > 1);
  // Half to all of two minutes, which are less than a tenth of two hours; `random` is a half.
  assert.equal(end - browser.now, 90 * SECOND);
  const next = browser.socket;
  next.open();
  next.answer();
  assert.ok(!old.closed, 'the next one is subscribed to one of two refs');
  old.notify('a');
  next.notify('a');
  next.answer();
  assert.ok(old.closed);
  next.notify('b', { ref: '8' });
  assert.deepEqual(watch.heard, ['a', 'b']);
  assert.deepEqual(watch.states, ['connecting', 'open', 'subscribed']);
  assert.deepEqual(browser.tokens, ['1', '2']);
});

test('a connection that replaced another is replaced in turn', async (t) => {
  const browser = new FakeBrowser(t);
  await browser.subscribedWatch();
  for (let elapsed = 0; elapsed < 6 * HOUR; elapsed += SECOND) {
    await browser.advance(SECOND);
    for (const socket of browser.sockets) if (!socket.closed) socket.serve({ lifetime: HOUR });
  }
  const { length } = browser.sockets;
  assert.ok(length > 6 && length < 9, `${length} sockets`);
  assert.equal(browser.sockets.filter((socket) => !socket.closed).length, 1);
});

test('a connection of 20 seconds is replaced within them, with a new token', async (t) => {
  const browser = new FakeBrowser(t);
  const watch = browser.watch({ token: countingTokens() });
  await browser.settle();
  browser.socket.serve({ lifetime: 20 * SECOND });
  await browser.advance(18 * SECOND);
  assert.equal(browser.sockets.length, 1);
  await browser.advance(SECOND);
  assert.deepEqual(browser.tokens, ['1', '2']);
  browser.socket.serve();
  assert.ok(browser.sockets[0].closed);
  assert.deepEqual(watch.states, ['connecting', 'open', 'subscribed']);
});

test('a failed replacement is attempted again while the old connection stays in use', async (t) => {
  const browser = new FakeBrowser(t);
  const watch = browser.watch({ token: countingTokens() });
  await browser.settle();
  browser.socket.serve({ lifetime: 10 * MINUTE });
  const [old] = browser.sockets;
  await browser.advance(5 * MINUTE);
  old.serve();
  await browser.until(() => old.serve() && browser.sockets.length > 1);
  browser.socket.drop();
  await browser.advance(500);
  assert.ok(!old.closed);
  old.notify('a');
  browser.socket.serve();
  assert.ok(old.closed);
  assert.deepEqual(watch.heard, ['a']);
  assert.deepEqual(browser.tokens, ['1', '2', '3']);
  assert.deepEqual(watch.states, ['connecting', 'open', 'subscribed']);
});

test('a connection that expires before its replacement opens is closed, not kept', async (t) => {
  const browser = new FakeBrowser(t);
  const watch = browser.watch();
  await browser.settle();
  browser.socket.serve({ lifetime: 20 * SECOND });
  const [old] = browser.sockets;
  await browser.advance(19 * SECOND);
  await browser.advance(SECOND);
  assert.ok(old.closed);
  assert.equal(watch.state, 'connecting');
  browser.socket.serve();
  await browser.advance(MINUTE);
  assert.equal(watch.state, 'subscribed');
  assert.equal(browser.sockets.length, 2);
});

test('a replacement lost with one of two refs leaves the old connection in use', async (t) => {
  const browser = new FakeBrowser(t);
  const watch = await browser.subscribedWatch({ ref: ['7', '8'] });
  const [old] = browser.sockets;
  await browser.until(() => old.serve() && browser.sockets.length > 1);
  browser.socket.open().answer();
  browser.socket.drop();
  old.notify('a');
  await browser.until(() => browser.sockets.length > 2, SECOND);
  assert.ok(!old.closed);
  assert.deepEqual(browser.socket.sent, []);
  browser.socket.serve();
  assert.ok(old.closed);
  browser.socket.notify('a');
  browser.socket.notify('b', { ref: '8' });
  assert.deepEqual(watch.heard, ['a', 'b']);
  assert.deepEqual(watch.states, ['connecting', 'open', 'subscribed']);
});

test('a connection lost before its replacement is retried does not delay the retry', async (t) => {
  const browser = new FakeBrowser(t);
  const page = browser.page();
  const watch = await browser.subscribedWatch();
  const [old] = browser.sockets;
  await browser.until(() => old.serve() && browser.sockets.length > 1);
  browser.socket.drop();
  await browser.advance(100);
  old.drop();
  const [detail] = watch.details.slice(-1);
  assert.deepEqual(detail, { state: 'waiting', reason: 'closed with 1006', retryIn: 400 });
  await browser.advance(400);
  const third = browser.socket.serve();
  await browser.advance(MINUTE);
  assert.equal(browser.sockets.length, 3);
  await browser.until(() => third.serve() && browser.sockets.length > 3);
  browser.socket.drop();
  await page.show();
  assert.equal(browser.sockets.length, 5, 'a page that becomes visible retries at once');
});

test('a connection without an expires_at is not replaced', async (t) => {
  const browser = new FakeBrowser(t);
  browser.watch();
  await browser.settle();
  browser.socket.open().answer({ expires_at: undefined });
  await browser.advance(4 * MINUTE);
  assert.equal(browser.sockets.length, 1);
});

test('a handover waits for watches added during it, and not for those that closed', async (t) => {
  const browser = new FakeBrowser(t);
  const watch = await browser.subscribedWatch();
  const [old] = browser.sockets;
  await browser.until(() => old.serve() && browser.sockets.length > 1);
  const late = browser.watch({ ref: '8' });
  await browser.settle();
  const next = browser.socket.open();
  next.answer();
  assert.ok(!old.closed);
  late.close();
  assert.ok(old.closed);
  next.notify('a');
  assert.deepEqual(watch.heard, ['a']);
});

test('both connections of a handover close with the last watch', async (t) => {
  const browser = new FakeBrowser(t);
  const watch = await browser.subscribedWatch();
  const [old] = browser.sockets;
  await browser.until(() => old.serve() && browser.sockets.length > 1);
  watch.close();
  assert.deepEqual(
    browser.sockets.map((socket) => socket.closed),
    [true, true],
  );
  assert.equal(browser.timers, 0);
});
