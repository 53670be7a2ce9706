import assert from 'node:assert/strict';
import { test } from 'node:test';
import { FakeBrowser, MINUTE, SECOND } from './fake_browser.js';

test('a connection that died without a word is noticed within 65 seconds', async (t) => {
  const browser = new FakeBrowser(t);
  const watch = await browser.subscribedWatch();
  browser.socket.pongs = false;
  const noticed = await browser.until(() => watch.state === 'waiting');
  assert.equal(noticed, 55 * SECOND);
  assert.ok(browser.socket.closed);
});

test('a ping follows a silence of the chosen length, and no shorter one', async (t) => {
  const browser = new FakeBrowser(t);
  const watch = await browser.subscribedWatch({ keepAlive: 20 });
  await browser.advance(15 * SECOND);
  browser.socket.notify('a');
  await browser.advance(2 * MINUTE);
  assert.deepEqual(
    browser.socket.pings.map((at) => at / SECOND),
    [35, 55, 75, 95, 115, 135],
  );
  assert.equal(browser.socket.sent.length, 1);
  assert.equal(watch.frames.length, 3, 'a ping is of no watch');
});

test('of watches that share a connection the smallest keepAlive counts', async (t) => {
  const browser = new FakeBrowser(t);
  await browser.subscribedWatch({ keepAlive: 3_000 });
  const impatient = browser.watch({ ref: '8', keepAlive: 10 });
  await browser.settle();
  browser.socket.serve();
  await browser.advance(20 * SECOND);
  assert.equal(browser.socket.pings.length, 2);
  impatient.close();
  browser.socket.serve();
  await browser.advance(4 * MINUTE);
  assert.equal(browser.socket.pings.length, 2);
});

for (const keepAlive of [9.9, 0, -1, Number.NaN, 'often']) {
  test(`a keepAlive of ${keepAlive} is rejected`, (t) => {
    const browser = new FakeBrowser(t);
    assert.throws(() => browser.watch({ keepAlive }), RangeError);
  });
}

test('a proxy that closes after 55 idle seconds costs no growing delay, then is fed', async (t) => {
  const browser = new FakeBrowser(t);
  await browser.subscribedWatch({ keepAlive: 300 });
  await browser.advance(55 * SECOND);
  browser.socket.drop();
  assert.equal(await browser.nextSocket(), 500);
  browser.socket.serve();
  const start = browser.now;
  await browser.advance(2 * MINUTE);
  assert.deepEqual(
    browser.socket.pings.map((at) => Math.round((at - start) / SECOND)),
    [37, 73, 110],
  );
});

test('the end of a connection that survived such a silence before teaches nothing', async (t) => {
  const browser = new FakeBrowser(t);
  await browser.subscribedWatch();
  await browser.advance(80 * SECOND);
  browser.socket.drop();
  await browser.nextSocket();
  browser.socket.serve();
  await browser.advance(49 * SECOND);
  assert.deepEqual(browser.socket.pings, []);
});

test('a handshake that took long is not a silence that was survived', async (t) => {
  const browser = new FakeBrowser(t);
  browser.watch();
  await browser.advance(14 * SECOND);
  browser.socket.serve();
  await browser.advance(20 * SECOND);
  browser.socket.drop();
  await browser.nextSocket();
  browser.socket.serve();
  await browser.advance(14 * SECOND);
  assert.equal(browser.socket.pings.length, 1);
});

test('a relay that swallows everything after 30 silent seconds is learned, too', async (t) => {
  const browser = new FakeBrowser(t);
  await browser.subscribedWatch();
  const lifetimes = [];
  while (lifetimes.length < 2) {
    const start = browser.now;
    browser.socket.pongs = false;
    await browser.until(() => browser.socket.closed);
    lifetimes.push(Math.round((browser.now - start) / SECOND));
    await browser.nextSocket();
    browser.socket.serve();
  }
  assert.deepEqual(lifetimes, [55, 42]);
  await browser.until(() => browser.socket.pings.length === 2);
  const [first, second] = browser.socket.pings;
  assert.equal(Math.round((second - first) / SECOND), 28);
});

for (const [idle, pings] of [
  [9, 0],
  [11, 1],
]) {
  test(`an end after ${idle} idle seconds teaches ${pings} pings in 10 seconds`, async (t) => {
    const browser = new FakeBrowser(t);
    await browser.subscribedWatch();
    await browser.advance(idle * SECOND);
    browser.socket.drop();
    await browser.nextSocket();
    browser.socket.serve();
    await browser.advance(10 * SECOND - 1);
    assert.equal(browser.socket.pings.length, 0);
    await browser.advance(1);
    assert.equal(browser.socket.pings.length, pings);
  });
}

test('the end of a token, and a sleep, teach nothing about silence', async (t) => {
  const browser = new FakeBrowser(t);
  const page = browser.page();
  browser.watch();
  await browser.settle();
  browser.socket.serve({ lifetime: 20 * SECOND });
  await browser.until(() => browser.sockets[0].closed);
  browser.socket.serve({ lifetime: 1e9 });
  await browser.advance(20 * SECOND);
  await page.show();
  await browser.until(() => browser.sockets[1].closed);
  await browser.nextSocket();
  browser.socket.serve();
  await browser.advance(49 * SECOND);
  assert.deepEqual(browser.socket.pings, []);
});

test('a hidden page sends no ping, unless it learned of an idle proxy', async (t) => {
  const browser = new FakeBrowser(t);
  const page = browser.page();
  await browser.subscribedWatch();
  await page.hide();
  await browser.advance(MINUTE);
  assert.deepEqual(browser.socket.pings, []);
  browser.socket.drop();
  await browser.nextSocket();
  browser.socket.serve();
  await browser.advance(MINUTE);
  assert.equal(browser.socket.pings.length, 1);
});

test('an error in answer to a ping proves that the connection works', async (t) => {
  const browser = new FakeBrowser(t);
  const watch = await browser.subscribedWatch();
  browser.socket.pongs = false;
  await browser.advance(50 * SECOND);
  browser.socket.deliver({ message: 'Too Many Requests', connectionId: 'c', requestId: 'r' });
  await browser.advance(6 * SECOND);
  assert.deepEqual([watch.errors, watch.state], [[], 'subscribed']);
});
