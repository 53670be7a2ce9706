import assert from 'node:assert/strict';
import { test } from 'node:test';
import { asking, FALLBACK, paces } from './asking.js';
import { FakeBrowser, MINUTE, SECOND } from './fake_browser.js';

test('each request asks since the last answer, no sooner than the service says', async (t) => {
  const browser = new FakeBrowser(t);
  await asking(browser);
  const now = '2031-05-06T07:08:09.000Z';
  await browser.request.give([], { now, poll_after: 2_999 });
  assert.equal(await browser.nextRequest(), 2_999);
  assert.equal(browser.request.body.since, now);
});

test('a ref that was answered beside one that failed is not asked for sooner either', async (t) => {
  const browser = new FakeBrowser(t);
  browser.random = 0;
  await asking(browser, { ref: ['7', '8'] });
  const [first, second] = browser.requests;
  await second.fail();
  await first.give([], { poll_after: 3_000 });
  assert.equal(await browser.nextRequest(), 3 * SECOND);
  await browser.requests[2].give([], { poll_after: 3_000 });
  await browser.until(() => browser.requests[3].aborted);
  assert.equal(await browser.nextRequest(), 3 * SECOND);
});

for (const wrong of ['0', '-5', 'null', '"soon"', '1e10', '1e999', 'undefined']) {
  test(`an answer with the pace ${wrong} is one, and does not cause a storm`, async (t) => {
    const browser = new FakeBrowser(t);
    const watch = await asking(browser);
    const rest = wrong === 'undefined' ? '' : `,"poll_after":${wrong}`;
    const now = browser.serverTime();
    await browser.request.respond(200, `{"notifications":[],"now":"${now}"${rest}}`);
    assert.equal(watch.state, 'polling');
    const pace = await browser.nextRequest();
    assert.ok(2 * SECOND <= pace && pace <= MINUTE, String(pace));
  });
}

test('it asks half as often after a minute without a notification, and rarely after 5', async (t) => {
  const browser = new FakeBrowser(t);
  await asking(browser);
  assert.ok((await paces(browser, MINUTE)).every((pace) => pace === 2.5));
  assert.ok((await paces(browser, 4 * MINUTE)).every((pace) => pace === 5));
  assert.deepEqual(await paces(browser, MINUTE), [15, 15, 15, 15]);
  await browser.request.answer('a');
  assert.equal(await browser.nextRequest(), 2.5 * SECOND);
});

for (const event of ['show', 'online', 'resume']) {
  test(`it asks at once, and from the start, at the event: ${event}`, async (t) => {
    const browser = new FakeBrowser(t);
    const page = browser.page();
    await asking(browser);
    await paces(browser, 6 * MINUTE);
    await browser.request.answer();
    await browser.advance(SECOND);
    const count = browser.requests.length;
    await page[event]();
    assert.equal(browser.requests.length, count + 1);
    assert.deepEqual(await paces(browser, 5 * SECOND), [2.5, 2.5]);
  });
}

test('a request of the network that was left is given up when another comes', async (t) => {
  const browser = new FakeBrowser(t);
  const page = browser.page();
  await asking(browser);
  await page.online();
  assert.equal(browser.requests.length, 2);
  assert.ok(browser.requests[0].aborted);
});

test('an event of the page before the 5 seconds are over begins nothing', async (t) => {
  const browser = new FakeBrowser(t);
  const page = browser.page();
  browser.watch(FALLBACK);
  await browser.advance(3 * SECOND);
  await page.online();
  assert.equal(await browser.nextRequest(), 2 * SECOND);
});

test('a hidden page asks once a minute', async (t) => {
  const browser = new FakeBrowser(t);
  const page = browser.page();
  await asking(browser);
  await page.hide();
  assert.deepEqual(await paces(browser, 3 * MINUTE), [60, 60, 60]);
});

test('a page that is offline does not ask, and asks as soon as it is back', async (t) => {
  const browser = new FakeBrowser(t);
  const page = browser.page();
  const watch = await asking(browser);
  await browser.request.answer();
  await page.offline();
  await browser.advance(5 * MINUTE);
  assert.equal(browser.requests.length, 1);
  assert.notEqual(watch.state, 'polling');
  await page.online();
  assert.equal(browser.requests.length, 2);
});

test('a page that goes offline while its token is fetched does not ask', async (t) => {
  const browser = new FakeBrowser(t);
  const page = browser.page();
  let giveToken;
  const token = () => new Promise((resolve) => (giveToken = resolve));
  browser.watch({ ...FALLBACK, token });
  await browser.advance(5 * SECOND);
  navigator.onLine = false;
  giveToken('t');
  await browser.advance(0);
  assert.deepEqual(browser.requests, []);
  await page.online();
  giveToken('t');
  await browser.settle();
  assert.equal(browser.requests.length, 1);
});

test('while it asks, the WebSocket is tried about once a minute', async (t) => {
  const browser = new FakeBrowser(t);
  const watch = browser.watch(FALLBACK);
  await browser.settle();
  await browser.failHandshakes(2);
  browser.socket.drop();
  await browser.nextRequest();
  await browser.request.answer();
  const sockets = [];
  for (const end = browser.now + 3 * MINUTE; browser.now < end; await paces(browser, SECOND)) {
    if (browser.socket !== sockets.at(-1)) sockets.push(browser.socket);
    browser.socket.drop();
  }
  assert.deepEqual([sockets.length, watch.errors], [3, []]);
});
