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

test('a network that returns ends a delay, and a handshake of the previous network', async (t) => {
  const browser = new FakeBrowser(t);
  const page = browser.page();
  await browser.subscribedWatch();
  browser.socket.drop();
  await page.online();
  await page.online();
  const closed = browser.sockets.map((socket) => socket.closed);
  assert.deepEqual(closed, [true, true, false]);
  await browser.advance(10 * SECOND);
  assert.equal(browser.sockets.length, 3);
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
  assert.equal(page.listeners(), 3);
  watch.close();
  assert.equal(page.listeners(), 0);
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

test('an offline page does not report failed handshakes as unreachable', async (t) => {
  const browser = new FakeBrowser(t);
  const page = browser.page();
  const watch = browser.watch();
  await page.offline();
  await browser.failHandshakes(5);
  assert.deepEqual(watch.errors, []);
});
