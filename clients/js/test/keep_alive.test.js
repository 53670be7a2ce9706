import assert from 'node:assert/strict';
import { test } from 'node:test';
import { FakeBrowser, MINUTE, SECOND } from './fake_browser.js';

test('a subscribe is repeated every five minutes with the last now of the server', async (t) => {
  const browser = new FakeBrowser(t);
  await browser.subscribedWatch({ ref: ['7', '8'] });
  const { socket } = browser;
  for (let round = 1; round < 4; round++) {
    const since = browser.serverTime();
    await browser.advance(5 * MINUTE - 1);
    assert.equal(socket.sent.length, 2 * round);
    await browser.advance(1);
    const subscribe = { client: 'frontend', merchant_id: 'shop', ref: '7' };
    assert.deepEqual(socket.sent.at(-1), { ...subscribe, since });
    socket.serve();
    assert.equal(socket.sent.length, 2 * round + 2);
    assert.equal(socket.sent.at(-1).since, since);
  }
  assert.equal(browser.sockets.length, 1);
});

test('a repeated subscribe delivers what a failed post withheld, and nothing twice', async (t) => {
  const browser = new FakeBrowser(t);
  const watch = await browser.subscribedWatch();
  browser.socket.notify('a');
  await browser.advance(5 * MINUTE);
  browser.socket.notify('a');
  browser.socket.notify('withheld', { sent_at: browser.serverTime(-MINUTE) });
  browser.socket.answer();
  assert.deepEqual(watch.heard, ['a', 'withheld']);
});

test('a connection without a response for 5 seconds is replaced', async (t) => {
  const browser = new FakeBrowser(t);
  const watch = await browser.subscribedWatch();
  const { socket } = browser;
  const since = browser.serverTime();
  await browser.advance(5 * MINUTE + 5 * SECOND - 1);
  assert.ok(!socket.closed);
  await browser.advance(1);
  assert.ok(socket.closed, 'abandoned without a close event');
  assert.equal(watch.state, 'waiting');
  await browser.advance(SECOND);
  assert.equal(browser.sockets.length, 2);
  browser.socket.serve();
  assert.equal(browser.socket.sent[0].since, since);
  assert.equal(watch.state, 'subscribed');
});

test('a first subscribe without a response for 5 seconds closes the connection', async (t) => {
  const browser = new FakeBrowser(t);
  browser.watch();
  await browser.settle();
  browser.socket.open();
  await browser.advance(5 * SECOND);
  assert.ok(browser.socket.closed);
});

test('a response timeout that fires late waits for a response that may be queued', async (t) => {
  const browser = new FakeBrowser(t);
  const watch = await browser.subscribedWatch();
  await browser.advance(5 * MINUTE);
  await browser.sleep(MINUTE);
  assert.ok(!browser.socket.closed, 'the response may be queued');
  browser.socket.answer();
  await browser.advance(MINUTE);
  assert.ok(!browser.socket.closed);
  assert.equal(watch.state, 'subscribed');
});

test('a response that is missing after the second timeout closes the connection', async (t) => {
  const browser = new FakeBrowser(t);
  await browser.subscribedWatch();
  await browser.advance(5 * MINUTE);
  await browser.sleep(MINUTE);
  await browser.sleep(MINUTE);
  assert.ok(browser.socket.closed);
});

test('a replay that goes on extends the response timeout', async (t) => {
  const browser = new FakeBrowser(t);
  await browser.subscribedWatch();
  const { socket } = browser;
  await browser.advance(5 * MINUTE);
  for (let each = 0; each < 6; each++) {
    await browser.advance(4 * SECOND);
    socket.notify(`missed-${each}`);
  }
  assert.ok(!socket.closed);
});

test('a missing response closes the connection after 30 seconds of notifications', async (t) => {
  const browser = new FakeBrowser(t);
  await browser.subscribedWatch();
  const { socket } = browser;
  await browser.advance(5 * MINUTE);
  for (let each = 0; each < 8; each++) {
    await browser.advance(4 * SECOND);
    socket.notify(`new-${each}`);
  }
  await browser.advance(3 * SECOND);
  assert.ok(socket.closed);
});

test('a frame of another ref does not answer the pending one', async (t) => {
  const browser = new FakeBrowser(t);
  await browser.subscribedWatch({ ref: ['7', '8'] });
  const { socket } = browser;
  await browser.advance(5 * MINUTE + 4 * SECOND);
  socket.notify('a', { ref: '8' });
  for (const type of ['subscribed', 'unsubscribed']) {
    const now = browser.serverTime();
    socket.deliver({ client: 'server', type, merchant_id: 'shop', ref: '8', now });
  }
  socket.deliver({ client: 'server', type: 'unsubscribed', merchant_id: 'shop', ref: '9' });
  await browser.advance(SECOND);
  assert.ok(socket.closed);
});

test('a keep-alive waits for the pending response', async (t) => {
  const browser = new FakeBrowser(t);
  await browser.subscribedWatch();
  await browser.advance(5 * MINUTE - SECOND);
  browser.watch({ ref: '8' });
  await browser.advance(2 * SECOND);
  assert.deepEqual(browser.socket.refs, ['7', '8']);
  browser.socket.serve();
  assert.deepEqual(browser.socket.refs, ['7', '8', '7', '8']);
});
