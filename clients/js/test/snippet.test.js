// The README's snippet without the module, as it stands there.
import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { test } from 'node:test';
import { FakeBrowser, SECOND } from './fake_browser.js';

const readme = await readFile(new URL('../../../README.md', import.meta.url), 'utf8');
const [snippet] = readme.match(/(?<=```javascript\n)function listen\(.*?(?=```)/s);

/** Listen to a ref on an open socket; return what is heard. */
async function listen(browser, ref = '7', onNotification = () => {}) {
  const heard = [];
  const start = new Function(`${snippet}; return listen;`)();
  const stop = start('wss://example.org/prod', 'shop', ref, (notification) => {
    heard.push(notification.id);
    onNotification(notification);
  });
  await browser.settle();
  const socket = browser.socket.open();
  return { heard, socket, stop };
}

const ago = (browser, seconds, more) => ({
  sent_at: browser.serverTime(-seconds * SECOND),
  ...more,
});

test('the snippet shows the last word of a replay, then what comes', async (t) => {
  const browser = new FakeBrowser(t);
  const { heard, socket } = await listen(browser);
  socket.notify('failed', ago(browser, 60));
  socket.notify('report', ago(browser, 50, { type: 'report' }));
  socket.notify('paid', ago(browser, 30));
  assert.deepEqual(heard, []);
  socket.answer();
  assert.deepEqual(heard, ['report', 'paid']);
  socket.notify('paid');
  socket.notify('of a slower clock', ago(browser, 40));
  assert.deepEqual(heard, ['report', 'paid', 'of a slower clock']);
});

test('the snippet holds nothing for more than 2 seconds', async (t) => {
  const browser = new FakeBrowser(t);
  const { heard, socket } = await listen(browser);
  socket.notify('second', ago(browser, 50));
  await browser.advance(2 * SECOND);
  assert.deepEqual(heard, ['second']);
  socket.notify('first', ago(browser, 60));
  await browser.advance(2 * SECOND);
  assert.deepEqual(heard, ['second'], 'and still drops what is older');
});

test('the snippet asks for what it missed, of each ref by its own time', async (t) => {
  const browser = new FakeBrowser(t);
  const since = browser.serverTime();
  const { socket } = await listen(browser);
  socket.answer();
  const other = await listen(browser, '8');
  assert.equal(other.socket.sent[0].since, undefined);
  await browser.advance(SECOND);
  socket.drop();
  await browser.nextSocket();
  browser.socket.open();
  assert.deepEqual(browser.socket.sent, [
    { client: 'frontend', merchant_id: 'shop', ref: '7', since },
  ]);
});

for (const [name, error] of [
  ['a retryable error', { client: 'server', type: 'error', message: 'no', retryable: true }],
  ['an answer of API Gateway itself', { message: 'Internal server error', requestId: 'r' }],
]) {
  test(`the snippet subscribes again after ${name}`, async (t) => {
    const browser = new FakeBrowser(t);
    const reported = t.mock.method(console, 'error', () => {});
    const { heard, socket } = await listen(browser);
    socket.notify('a', ago(browser, 60));
    socket.deliver(error);
    assert.deepEqual(heard, ['a']);
    await browser.advance(3 * SECOND);
    assert.deepEqual(socket.refs, ['7', '7']);
    assert.equal(reported.mock.callCount(), 1);
  });
}

test('the snippet does not repeat what is rejected for good', async (t) => {
  const browser = new FakeBrowser(t);
  t.mock.method(console, 'error', () => {});
  const { socket } = await listen(browser);
  socket.reject({ retryable: false });
  await browser.advance(10 * SECOND);
  assert.deepEqual(socket.refs, ['7']);
});

for (const ending of ['answer', 'drop']) {
  test(`an exception of the page stops nothing in the snippet: ${ending}`, async (t) => {
    const browser = new FakeBrowser(t);
    const reported = t.mock.method(console, 'error', () => {});
    const { heard, socket, stop } = await listen(browser, '7', ({ type }) => {
      if (type === 'report') throw new Error('a bug of the page');
    });
    socket.notify('report', ago(browser, 60, { type: 'report' }));
    socket.notify('paid', ago(browser, 30));
    socket[ending]();
    assert.deepEqual(heard, ['report', 'paid']);
    assert.equal(reported.mock.callCount(), 1);
    if (ending === 'drop') await browser.nextSocket();
    stop();
  });
}

test('the snippet stops', async (t) => {
  const browser = new FakeBrowser(t);
  const { heard, socket, stop } = await listen(browser);
  socket.notify('a');
  stop();
  assert.ok(socket.closed);
  socket.drop();
  await browser.advance(10 * SECOND);
  assert.deepEqual([heard, browser.sockets.length], [[], 1]);
});
