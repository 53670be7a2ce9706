import assert from 'node:assert/strict';
import { test } from 'node:test';
import { FakeBrowser, MINUTE, SECOND } from './fake_browser.js';

test('a lost connection is followed by one that asks for what was missed', async (t) => {
  const browser = new FakeBrowser(t);
  const watch = await browser.subscribedWatch();
  const since = browser.serverTime();
  browser.socket.notify('a');
  browser.socket.drop();
  assert.equal(watch.state, 'waiting');
  await browser.advance(SECOND);
  browser.socket.open();
  assert.deepEqual(browser.socket.sent[0].since, since);
  browser.socket.notify('a');
  browser.socket.notify('missed');
  browser.socket.answer();
  assert.deepEqual(watch.heard, ['a', 'missed']);
  const states = ['connecting', 'open', 'subscribed'];
  assert.deepEqual(watch.states, [...states, 'waiting', ...states]);
});

test('a watch that waits gives the reason and the delay', async (t) => {
  const browser = new FakeBrowser(t);
  const watch = await browser.subscribedWatch();
  browser.socket.drop(1001);
  const [detail] = watch.details.slice(-1);
  assert.deepEqual(detail, { state: 'waiting', reason: 'closed with 1001', retryIn: 500 });
});

test('a watch that is added during the delay is told what remains of it', async (t) => {
  const browser = new FakeBrowser(t);
  await browser.subscribedWatch();
  browser.socket.drop();
  await browser.advance(100);
  const late = browser.watch({ ref: '8' });
  await browser.settle();
  assert.deepEqual(late.details, [{ state: 'waiting', retryIn: 400 }]);
});

test('the delays grow exponentially up to half a minute, with full jitter', async (t) => {
  const browser = new FakeBrowser(t);
  await browser.subscribedWatch();
  browser.random = 0.999;
  const delays = [];
  for (let attempt = 0; attempt < 7; attempt++) {
    browser.socket.drop();
    delays.push(Math.round((await browser.nextSocket()) / SECOND));
    browser.socket.open();
  }
  assert.deepEqual(delays, [1, 2, 4, 8, 16, 30, 30]);
  browser.random = 0;
  browser.socket.drop();
  assert.ok((await browser.nextSocket()) <= 10);
});

test('a connection in use for over a minute resets the delay, no other does', async (t) => {
  const browser = new FakeBrowser(t);
  await browser.subscribedWatch();
  for (const expected of [500, 1_000, 2_000]) {
    browser.socket.drop();
    assert.equal(await browser.nextSocket(), expected);
    browser.socket.serve();
    await browser.advance(MINUTE);
  }
  await browser.advance(1);
  browser.socket.drop();
  assert.equal(await browser.nextSocket(), 500);
});

test('a watch closed during the delay does not connect again', async (t) => {
  const browser = new FakeBrowser(t);
  const watch = await browser.subscribedWatch();
  browser.socket.drop();
  watch.close();
  assert.equal(browser.timers, 0);
});

test('a watch closed by its unreachable error does not connect again', async (t) => {
  const browser = new FakeBrowser(t);
  const watch = browser.watch();
  watch.on('error', () => watch.close());
  await browser.settle();
  await browser.failHandshakes(2);
  browser.socket.drop();
  assert.equal(watch.state, 'closed');
  assert.equal(browser.timers, 0);
});

test('a socket that opens after its watch closed is ignored', async (t) => {
  const browser = new FakeBrowser(t);
  const watch = browser.watch();
  await browser.settle();
  watch.close();
  browser.socket.open();
  assert.equal(browser.timers, 0);
});

test('a watch is unreachable after exactly three failed handshakes in a row', async (t) => {
  const browser = new FakeBrowser(t);
  const watch = browser.watch();
  await browser.settle();
  assert.deepEqual(await browser.failHandshakes(2), [500, 1_000]);
  const retried = ['connecting', 'waiting', 'connecting', 'waiting', 'connecting'];
  assert.deepEqual([watch.states, watch.errors], [retried, []]);
  browser.socket.drop();
  const [{ code, message, retryable }] = watch.errors;
  assert.deepEqual([code, retryable], ['unreachable', true]);
  assert.match(message, /^3 handshakes .* the network, the token, the page's origin and the addr/);
  const detail = { state: 'unreachable', reason: 'closed with 1006', retryIn: 60_000 };
  assert.deepEqual(watch.details.slice(5), [detail]);
});

test('an unreachable watch retries once a minute, without a second error', async (t) => {
  const browser = new FakeBrowser(t);
  const watch = browser.watch();
  await browser.settle();
  await browser.failHandshakes(2);
  assert.deepEqual(await browser.failHandshakes(3), [60_000, 60_000, 60_000]);
  const retried = ['unreachable', 'connecting', 'unreachable', 'connecting'];
  assert.deepEqual(watch.states.slice(-4), retried);
  assert.equal(watch.errors.length, 1);
  browser.socket.serve();
  assert.equal(watch.state, 'subscribed');
});

test('the delays of unreachable pages are spread over half a minute', async (t) => {
  const browser = new FakeBrowser(t);
  browser.watch();
  await browser.settle();
  await browser.failHandshakes(3);
  browser.random = 0;
  assert.deepEqual(await browser.failHandshakes(1), [45_000]);
  browser.random = 0.999;
  assert.ok((await browser.failHandshakes(1))[0] > 74_000);
});

for (const before of [2, 3]) {
  test(`a connection after ${before} failed handshakes begins their count anew`, async (t) => {
    const browser = new FakeBrowser(t);
    const watch = browser.watch();
    await browser.settle();
    await browser.failHandshakes(before);
    browser.socket.serve();
    await browser.advance(2 * MINUTE);
    watch.details.length = watch.errors.length = 0;
    // The first of these is the end of the connection, which is not a failed handshake.
    assert.deepEqual(await browser.failHandshakes(3), [500, 1_000, 2_000]);
    assert.deepEqual(watch.errors, []);
    assert.ok(!watch.states.includes('unreachable'));
    browser.socket.drop();
    assert.equal(watch.errors.length, 1);
    assert.equal(watch.state, 'unreachable');
  });
}

test('a handshake without an outcome is abandoned after 15 seconds', async (t) => {
  const browser = new FakeBrowser(t);
  const watch = browser.watch();
  await browser.advance(16 * SECOND);
  assert.equal(browser.sockets.length, 2);
  assert.ok(browser.sockets[0].closed);
  assert.ok(watch.states.includes('waiting'));
});

test('an error event with the close event that follows causes one reconnect', async (t) => {
  const browser = new FakeBrowser(t);
  await browser.subscribedWatch();
  const { onerror, onclose } = browser.socket;
  onerror({});
  onclose({ code: 1006 });
  await browser.advance(5 * SECOND);
  assert.equal(browser.sockets.length, 2);
});
