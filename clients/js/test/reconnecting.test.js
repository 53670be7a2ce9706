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
  browser.random = 0.999;
  const calls = [];
  const token = () => {
    calls.push(browser.now);
    throw new Error('no session');
  };
  browser.watch({ token });
  await browser.until(() => calls.length === 8);
  const delays = calls.slice(1).map((at, index) => Math.round((at - calls[index]) / SECOND));
  assert.deepEqual(delays, [1, 2, 4, 8, 16, 30, 30]);
  browser.random = 0;
  await browser.until(() => calls.length === 9);
  assert.ok((await browser.until(() => calls.length === 10)) <= 10);
});

test('a connection that was subscribed resets the delay, one that only opened does not', async (t) => {
  const browser = new FakeBrowser(t);
  browser.watch();
  await browser.settle();
  browser.socket.open().drop();
  assert.equal(await browser.nextSocket(), 500);
  browser.socket.open().drop();
  assert.equal(await browser.nextSocket(), 1_000);
  browser.socket.serve().drop();
  assert.equal(await browser.nextSocket(), 500);
  for (const inUse of [2 * SECOND, 55 * SECOND, 2 * MINUTE]) {
    browser.socket.serve();
    await browser.advance(inUse);
    browser.socket.drop();
    assert.equal(await browser.nextSocket(), 500);
  }
});

test('connections that end as soon as they are subscribed cause no storm', async (t) => {
  const browser = new FakeBrowser(t);
  await browser.subscribedWatch();
  for (const expected of [500, 1_000, 2_000, 4_000]) {
    browser.socket.drop();
    assert.equal(await browser.nextSocket(), expected);
    browser.socket.serve();
  }
  await browser.advance(SECOND);
  for (const expected of [500, 500, 1_000]) {
    browser.socket.drop();
    assert.equal(await browser.nextSocket(), expected);
    browser.socket.serve();
  }
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
  assert.match(message, /token, .* security policy \(connect-src\), .* proxy or antivirus/);
  const detail = { state: 'unreachable', reason: 'closed with 1006', retryIn: 60_000 };
  assert.deepEqual(watch.details.slice(5), [detail]);
});

for (const [failure, fail] of [
  ['opened and closed', ({ socket }) => socket.open().drop()],
  ['opened and were closed with a code', ({ socket }) => socket.open().drop(1011)],
  [
    'opened and stayed silent',
    async (browser) => {
      browser.socket.open();
      await browser.advance(5 * SECOND);
    },
  ],
  ['never opened', (browser) => browser.advance(15 * SECOND)],
]) {
  test(`a watch is unreachable after exactly three connections that ${failure}`, async (t) => {
    const browser = new FakeBrowser(t);
    const watch = browser.watch();
    await browser.settle();
    for (let count = 1; count <= 3; count++) {
      assert.deepEqual([watch.errors, watch.states.includes('unreachable')], [[], false]);
      await fail(browser);
      if (count < 3) await browser.nextSocket();
    }
    assert.deepEqual([watch.errors.length, watch.state], [1, 'unreachable']);
    assert.equal(await browser.nextSocket(), 60_000);
    await fail(browser);
    assert.deepEqual([watch.errors.length, watch.state], [1, 'unreachable']);
  });
}

test('one subscribe of two is enough to be reachable', async (t) => {
  const browser = new FakeBrowser(t);
  const watch = browser.watch({ ref: ['7', '8'] });
  await browser.settle();
  for (let count = 0; count < 4; count++) {
    browser.socket.open().answer();
    await browser.advance(5 * SECOND);
    await browser.nextSocket();
  }
  assert.deepEqual(watch.errors, []);
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

test('a watch added while the service is unreachable is told so, too', async (t) => {
  const browser = new FakeBrowser(t);
  const watch = browser.watch();
  await browser.settle();
  await browser.failHandshakes(3);
  const late = browser.watch({ ref: '8' });
  await browser.settle();
  browser.socket.drop();
  const codes = [watch, late].map(({ errors }) => errors.map(({ code }) => code));
  assert.deepEqual([codes, late.state], [[['unreachable'], ['unreachable']], 'unreachable']);
});

test('a watch is unreachable with its last connection, not with failed replacements', async (t) => {
  const browser = new FakeBrowser(t);
  const page = browser.page();
  const watch = await browser.subscribedWatch();
  const [old] = browser.sockets;
  await page.online();
  await browser.failHandshakes(3);
  assert.deepEqual([watch.errors, watch.state], [[], 'subscribed']);
  old.drop();
  browser.socket.drop();
  assert.deepEqual([watch.errors.length, watch.state], [1, 'unreachable']);
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
