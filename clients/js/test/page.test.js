import assert from 'node:assert/strict';
import { test } from 'node:test';
import { FakeBrowser, SECOND } from './fake_browser.js';

test('a page without a connection that becomes visible connects at once, and once', async (t) => {
  const browser = new FakeBrowser(t);
  const page = browser.page();
  await browser.subscribedWatch();
  await page.hide();
  browser.socket.drop();
  await page.hide();
  assert.equal(browser.sockets.length, 1);
  for (const event of [page.show, page.hide, page.show]) await event();
  assert.equal(browser.sockets.length, 2);
  browser.socket.serve();
  await browser.advance(SECOND);
  assert.equal(browser.sockets.length, 2, 'the delay that it ended opens no other');
});

test('a page that becomes visible replaces a connection that does not respond', async (t) => {
  const browser = new FakeBrowser(t);
  const page = browser.page();
  await browser.subscribedWatch();
  await page.show();
  assert.equal(browser.socket.sent.length, 2);
  await browser.advance(6 * SECOND);
  assert.equal(browser.sockets.length, 2);
});

test('a network that returns opens a new connection at once, beside the old one', async (t) => {
  const browser = new FakeBrowser(t);
  const page = browser.page();
  const watch = await browser.subscribedWatch();
  await page.online();
  const [old, next] = browser.sockets;
  assert.ok(!old.closed);
  old.notify('a');
  next.serve();
  assert.ok(old.closed);
  next.notify('a');
  assert.deepEqual(watch.heard, ['a']);
  assert.ok(!watch.states.includes('waiting'));
});

test('fifty returns of the network within a second make one attempt', async (t) => {
  const browser = new FakeBrowser(t);
  const page = browser.page();
  const token = t.mock.fn(async () => 'a.b.c');
  await browser.subscribedWatch({ token });
  browser.socket.drop();
  for (let each = 0; each < 50; each++) {
    await page.offline();
    await page.online();
    if (each === 20) browser.socket.serve();
    await browser.advance(19);
  }
  await browser.advance(10 * SECOND);
  assert.equal(browser.sockets.length, 2);
  assert.equal(token.mock.callCount(), 2);
});

test('an attempt under way when the network returns has 5 more seconds', async (t) => {
  const browser = new FakeBrowser(t);
  const page = browser.page();
  browser.watch();
  await browser.advance(SECOND);
  await page.online();
  await browser.advance(4 * SECOND);
  await page.online();
  assert.deepEqual([browser.sockets.length, browser.socket.closed], [1, false]);
  await browser.advance(SECOND);
  assert.ok(browser.socket.closed);
  assert.ok((await browser.nextSocket()) <= SECOND);
});

for (const event of ['change', 'show', 'online']) {
  test(`one ${event} after another does not end every attempt of a slow network`, async (t) => {
    const browser = new FakeBrowser(t);
    const page = browser.page();
    const token = () => new Promise((answer) => setTimeout(answer, 8 * SECOND));
    const watch = browser.watch({ token });
    for (let seconds = 0; seconds < 60; seconds += 2) {
      await page[event]();
      await browser.advance(2 * SECOND);
      browser.socket?.serve();
    }
    assert.equal(watch.state, 'subscribed');
  });
}

test('a network that returns again while the page settles is checked afterwards', async (t) => {
  const browser = new FakeBrowser(t);
  const page = browser.page();
  await browser.subscribedWatch();
  await page.online();
  browser.socket.serve().pongs = false;
  await browser.advance(500);
  await page.online();
  await browser.advance(500 + 5 * SECOND);
  assert.ok(browser.socket.closed, 'it died with the network that it was opened on');
});

test('a network that goes away is noticed within 5 seconds', async (t) => {
  const browser = new FakeBrowser(t);
  const page = browser.page();
  const watch = await browser.subscribedWatch();
  await page.offline();
  await browser.advance(5 * SECOND);
  assert.equal(watch.state, 'waiting');
});

test('a worker, which has no document, follows the network, too', async (t) => {
  const browser = new FakeBrowser(t);
  const page = browser.page({ worker: true });
  await browser.subscribedWatch();
  await page.offline();
  assert.equal(browser.socket.sent.length, 2);
  await page.online();
  assert.equal(browser.sockets.length, 2);
});

test('a closed watch leaves no listener on the page', async (t) => {
  const browser = new FakeBrowser(t);
  const page = browser.page();
  const watch = await browser.subscribedWatch();
  assert.ok(page.listeners() > 3);
  await page.show();
  watch.close();
  assert.deepEqual([page.listeners(), browser.timers], [0, 0]);
});

for (const [event, name] of [
  ['show', 'a page that becomes visible'],
  ['online', 'a network that returns'],
]) {
  test(`${name} ends the delay while unreachable, and resets the count`, async (t) => {
    const browser = new FakeBrowser(t);
    const page = browser.page();
    const watch = browser.watch();
    await browser.settle();
    await browser.failHandshakes(2);
    browser.socket.drop();
    assert.equal(watch.state, 'unreachable');
    await page[event]();
    assert.equal(browser.sockets.length, 4);
    assert.deepEqual(await browser.failHandshakes(2), [500, 1_000]);
    browser.socket.drop();
    assert.equal(watch.state, 'unreachable');
  });
}

test('a page that believes to be offline keeps trying, and says so', async (t) => {
  const browser = new FakeBrowser(t);
  const page = browser.page();
  const watch = browser.watch();
  await page.offline();
  await browser.failHandshakes(2);
  assert.deepEqual(await browser.failHandshakes(2), [60_000, 60_000]);
  assert.deepEqual([watch.state, watch.errors.length], ['connecting', 1]);
  browser.socket.serve();
  assert.equal(watch.state, 'subscribed');
});

test('a page back from the back/forward cache opens a new connection at once', async (t) => {
  const browser = new FakeBrowser(t);
  const page = browser.page();
  await browser.subscribedWatch();
  await page.restore(false);
  assert.equal(browser.sockets.length, 1, 'an ordinary load says nothing');
  await page.restore(true);
  assert.equal(browser.sockets.length, 2);
});

test('a socket that was closed without an event is noticed when the page is back', async (t) => {
  const browser = new FakeBrowser(t);
  const page = browser.page();
  await browser.subscribedWatch();
  browser.socket.readyState = 3;
  await page.show();
  assert.equal(browser.sockets.length, 2);
});

test('a page that is back twice connects at once, and learns nothing of silence', async (t) => {
  const browser = new FakeBrowser(t);
  const page = browser.page();
  await browser.subscribedWatch();
  for (const sockets of [2, 3]) {
    await browser.sleep(20 * SECOND);
    browser.socket.readyState = 3;
    await page.restore(true);
    assert.equal(browser.sockets.length, sockets);
    browser.socket.serve();
  }
  await browser.advance(49 * SECOND);
  assert.deepEqual(browser.socket.pings, []);
});

test('a page back with a handshake that was ended without an event connects at once', async (t) => {
  const browser = new FakeBrowser(t);
  const page = browser.page();
  browser.watch();
  await browser.settle();
  browser.socket.readyState = 3;
  await page.restore(true);
  assert.equal(browser.sockets.length, 2);
});

test('a page that was frozen replaces a connection that does not respond', async (t) => {
  const browser = new FakeBrowser(t);
  const page = browser.page();
  await browser.subscribedWatch();
  await page.hide();
  await page.resume();
  await browser.advance(6 * SECOND);
  assert.equal(browser.sockets.length, 2);
});

test('a network of another kind is checked with a ping', async (t) => {
  const browser = new FakeBrowser(t);
  const page = browser.page();
  await browser.subscribedWatch();
  await browser.advance(SECOND);
  await page.change();
  assert.deepEqual([browser.socket.pings, browser.socket.sent.length], [[SECOND], 1]);
  browser.socket.pongs = false;
  await browser.advance(SECOND);
  await page.change();
  await browser.advance(6 * SECOND);
  assert.equal(browser.sockets.length, 2);
});

test('a field of a form that changes is not taken for a change of the network', async (t) => {
  const browser = new FakeBrowser(t);
  const page = browser.page();
  await browser.subscribedWatch();
  await browser.advance(SECOND);
  await page.edit();
  await browser.advance(SECOND);
  assert.deepEqual([browser.socket.pings, browser.socket.sent.length], [[], 1]);
});
