import assert from 'node:assert/strict';
import { test } from 'node:test';
import { FakeBrowser, MINUTE, SECOND } from './fake_browser.js';

const FORBIDDEN = { code: 'forbidden', field: 'ref', retryable: false };
const INTERNAL = { code: 'internal_error', retryable: true };

test('a frame rejected for good closes its watch alone, and is not sent again', async (t) => {
  const browser = new FakeBrowser(t);
  const token = 'a.b.c';
  const watches = [browser.watch({ token }), browser.watch({ token, ref: '8' })];
  await browser.settle();
  browser.socket.open().reject(FORBIDDEN);
  assert.deepEqual(watches[0].errors, [{ ...FORBIDDEN, message: 'no', requestId: 'r-1' }]);
  assert.equal(watches[0].state, 'closed');
  browser.socket.answer();
  assert.deepEqual([watches[1].errors, watches[1].state], [[], 'subscribed']);
  await browser.advance(5 * MINUTE);
  browser.socket.drop();
  await browser.advance(SECOND);
  browser.socket.serve();
  assert.deepEqual(
    browser.sockets.map((socket) => socket.refs),
    [['7', '8', '8'], ['8']],
  );
});

test('the last watch, when rejected, closes the socket', async (t) => {
  const browser = new FakeBrowser(t);
  browser.watch();
  await browser.settle();
  browser.socket.open().reject(FORBIDDEN);
  assert.ok(browser.socket.closed);
  await browser.advance(10 * MINUTE);
  assert.equal(browser.sockets.length, 1);
  assert.equal(browser.timers, 0);
});

test('a keep-alive rejected for good closes the watch', async (t) => {
  const browser = new FakeBrowser(t);
  const watch = await browser.subscribedWatch();
  await browser.advance(5 * MINUTE);
  browser.socket.reject({ code: 'invalid_message', field: 'since', retryable: false });
  assert.equal(watch.state, 'closed');
});

test('a frame rejected as retryable is sent again after growing delays', async (t) => {
  const browser = new FakeBrowser(t);
  const watch = browser.watch();
  await browser.settle();
  const { socket } = browser;
  socket.open();
  for (const [retries, delay] of [500, 1_000, 2_000].entries()) {
    socket.reject(INTERNAL);
    await browser.advance(delay - 1);
    assert.equal(socket.sent.length, retries + 1);
    await browser.advance(1);
    assert.equal(socket.sent.length, retries + 2);
  }
  assert.equal(watch.state, 'open');
  socket.answer();
  assert.equal(watch.state, 'subscribed');
  assert.equal(watch.errors.length, 3);
  await browser.advance(5 * MINUTE);
  socket.reject(INTERNAL);
  await browser.advance(500);
  assert.equal(socket.sent.length, 6, 'the answer reset the delay');
  assert.equal(browser.sockets.length, 1);
});

test('a ref that waits for its retry does not delay other refs', async (t) => {
  const browser = new FakeBrowser(t);
  const watches = [browser.watch(), browser.watch({ ref: '8' })];
  await browser.settle();
  const { socket } = browser;
  socket.open().reject(INTERNAL);
  assert.deepEqual(socket.refs, ['7', '8']);
  socket.answer();
  assert.deepEqual(
    watches.map((watch) => watch.state),
    ['open', 'subscribed'],
  );
  assert.deepEqual(
    watches.map((watch) => watch.errors.length),
    [1, 0],
  );
  browser.watch({ ref: '9' });
  await browser.settle();
  assert.deepEqual(socket.refs, ['7', '8', '9'], 'nor does it delay a new one');
  socket.reject(INTERNAL);
  await browser.advance(SECOND);
  socket.serve();
  assert.deepEqual(socket.refs, ['7', '8', '9', '7', '9'], 'each is sent once more');
  browser.watch({ ref: '10' });
  await browser.settle();
  socket.reject(INTERNAL);
  await browser.advance(SECOND);
  assert.deepEqual(socket.refs.slice(5), ['10', '10'], 'and not again with a later one');
});

test('a watch closed before its retry sends nothing more', async (t) => {
  const browser = new FakeBrowser(t);
  const watch = browser.watch({ ref: ['7', '8'] });
  await browser.settle();
  browser.socket.open().reject(INTERNAL);
  browser.socket.reject(INTERNAL);
  watch.close();
  assert.equal(browser.timers, 0);
});

test('an answer of API Gateway itself is reported, and the frame is sent again', async (t) => {
  const browser = new FakeBrowser(t);
  const watch = browser.watch();
  await browser.settle();
  const message = 'Internal server error';
  browser.socket.open().deliver({ message, connectionId: 'c', requestId: 'r-2' });
  const [{ code, retryable, requestId }] = watch.errors;
  assert.deepEqual([code, retryable, requestId], ['gateway', true, 'r-2']);
  await browser.advance(500);
  assert.equal(browser.socket.sent.length, 2);
});

test('a rejected unsubscribe affects no watch', async (t) => {
  const browser = new FakeBrowser(t);
  const one = await browser.subscribedWatch();
  const two = browser.watch({ ref: '8' });
  await browser.settle();
  browser.socket.serve();
  two.close();
  const three = browser.watch({ ref: '8' });
  browser.socket.reject(FORBIDDEN);
  await browser.settle();
  browser.socket.serve();
  await browser.advance(5 * MINUTE);
  browser.socket.serve();
  for (const watch of [one, two, three]) assert.deepEqual(watch.errors, []);
  for (const watch of [one, three]) assert.equal(watch.state, 'subscribed');
});

test('an error without a pending frame is ignored', async (t) => {
  const browser = new FakeBrowser(t);
  const watch = await browser.subscribedWatch();
  browser.socket.deliver({ client: 'server', type: 'error', message: 'no', ...FORBIDDEN });
  assert.deepEqual([watch.errors, watch.state], [[], 'subscribed']);
});

test('an address that WebSocket rejects is reported, and closes the watch', async (t) => {
  const browser = new FakeBrowser(t);
  const watch = browser.watch({ url: 'ftp://example.org/prod' });
  await browser.settle();
  const [{ code, message, retryable }] = watch.errors;
  assert.deepEqual([code, retryable, watch.state], ['address', false, 'closed']);
  assert.match(message, /ftp/);
  assert.equal(browser.timers, 0);
});
