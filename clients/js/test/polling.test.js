import assert from 'node:assert/strict';
import { test } from 'node:test';
import { polling } from '../src/polling.js';
import { asking, FALLBACK } from './asking.js';
import { FakeBrowser, HOUR, MINUTE, SECOND } from './fake_browser.js';

test('a watch that is not subscribed for 5 seconds asks over HTTPS, and hears', async (t) => {
  const browser = new FakeBrowser(t);
  const watch = browser.watch(FALLBACK);
  assert.equal(await browser.nextRequest(), 5 * SECOND);
  const { url, method, body, headers } = browser.request;
  assert.deepEqual([url, method], ['https://example.org/prod/notifications', 'POST']);
  assert.deepEqual([body, headers], [{ merchant_id: 'shop', ref: '7' }, {}]);
  assert.equal(watch.state, 'connecting');
  await browser.request.answer('a', 'b');
  assert.deepEqual([watch.heard, watch.state], [['b'], 'polling']);
});

test('a watch that is subscribed in time never asks', async (t) => {
  const browser = new FakeBrowser(t);
  await browser.subscribedWatch(FALLBACK);
  await browser.advance(MINUTE);
  assert.deepEqual(browser.requests, []);
});

test('a watch whose connection is lost asks 5 seconds later, since it was subscribed', async (t) => {
  const browser = new FakeBrowser(t);
  const watch = await browser.subscribedWatch(FALLBACK);
  const { since } = watch;
  await browser.advance(20 * SECOND);
  browser.socket.drop();
  assert.equal(await browser.nextRequest(), 5 * SECOND);
  assert.equal(browser.request.body.since, since);
});

test('a watch with a subscribe that is not answered asks, too', async (t) => {
  const browser = new FakeBrowser(t);
  const watch = browser.watch(FALLBACK);
  await browser.settle();
  browser.socket.open();
  assert.equal(await browser.nextRequest(), 5 * SECOND);
  await browser.request.answer('a');
  assert.deepEqual([watch.heard, watch.state], [['a'], 'polling']);
});

test('asking ends when the WebSocket is subscribed, which asks since the last answer', async (t) => {
  const browser = new FakeBrowser(t);
  const watch = await asking(browser);
  await browser.request.answer('a');
  const since = browser.serverTime();
  await browser.nextRequest();
  browser.socket.open();
  assert.equal(browser.socket.sent[0].since, since);
  browser.socket.notify('b');
  browser.socket.answer();
  assert.deepEqual([watch.heard, watch.state], [['a', 'b'], 'subscribed']);
  assert.ok(browser.request.aborted);
  const count = browser.requests.length;
  await browser.advance(30 * SECOND);
  assert.equal(browser.requests.length, count);
});

test('nothing is heard twice over any number of changes', async (t) => {
  const browser = new FakeBrowser(t);
  const watch = await asking(browser, { every: true });
  for (let change = 0; change < 5; change++) {
    await browser.request.answer('first', `asked ${change}`);
    await browser.nextRequest();
    await browser.request.answer(`asked ${change}`);
    browser.socket.open();
    for (const id of ['first', `asked ${change}`, `missed ${change}`]) browser.socket.notify(id);
    browser.socket.answer();
    browser.socket.notify(`live ${change}`);
    browser.socket.drop();
    await browser.nextRequest();
  }
  const each = (change) => [`asked ${change}`, `missed ${change}`, `live ${change}`];
  assert.deepEqual(watch.heard, ['first', ...[0, 1, 2, 3, 4].flatMap(each)]);
});

test('an answer that comes after the watch was subscribed changes nothing', async (t) => {
  const browser = new FakeBrowser(t);
  const watch = await asking(browser);
  browser.socket.serve();
  const { since } = watch;
  await browser.request.answer('late');
  assert.deepEqual([watch.heard, watch.since, watch.state], [[], since, 'subscribed']);
});

test('several refs are asked for side by side, each since its own last answer', async (t) => {
  const browser = new FakeBrowser(t);
  const watch = await asking(browser, { ref: ['7', '8'] });
  const [first, second] = browser.requests;
  await first.give([{ id: 'a' }], { now: '2031-05-06T00:00:01.000Z', poll_after: 2_000 });
  assert.deepEqual([watch.heard, watch.state], [['a'], 'connecting']);
  await second.give([{ id: 'b' }], { now: '2031-05-06T00:00:02.000Z', poll_after: 3_000 });
  assert.deepEqual([watch.heard, watch.state], [['a', 'b'], 'polling']);
  assert.equal(await browser.nextRequest(), 3 * SECOND);
  const asked = browser.requests.slice(2).map(({ body }) => [body.ref, body.since.slice(17)]);
  assert.deepEqual(asked, [
    ['7', '01.000Z'],
    ['8', '02.000Z'],
  ]);
});

test('the last word of an answer is heard, and nothing older than what was heard', async (t) => {
  const browser = new FakeBrowser(t);
  const watch = await asking(browser);
  const [old, later] = [browser.serverTime(-2 * SECOND), browser.serverTime(-SECOND)];
  await browser.request.give([
    { id: 'declined', sent_at: old },
    { id: 'paid', sent_at: later },
    { id: 'report', type: 'report', sent_at: old },
  ]);
  assert.deepEqual(watch.heard, ['report', 'paid']);
  await browser.nextRequest();
  await browser.request.give([{ id: 'older', sent_at: old }]);
  assert.deepEqual(watch.heard, ['report', 'paid']);
});

test('a watch that ends with an answer keeps the since of before it', async (t) => {
  const browser = new FakeBrowser(t);
  const watch = await asking(browser, { until: ({ id }) => id === 'paid' });
  await browser.request.answer();
  const { since } = watch;
  await browser.nextRequest();
  await browser.request.answer('paid');
  assert.deepEqual([watch.heard, watch.state, watch.since], [['paid'], 'closed', since]);
  assert.equal(browser.timers, 0);
});

test('a watch that is closed while it waits asks no more', async (t) => {
  const browser = new FakeBrowser(t);
  const watch = await asking(browser);
  watch.close();
  await browser.advance(HOUR);
  assert.deepEqual([browser.requests.length, browser.timers], [1, 0]);
});

for (const [when, token, closesAt] of [
  ['its token is fetched', undefined, 'token'],
  ['it is told of a request', 'a token', 'frame'],
]) {
  test(`a watch that is closed while ${when}, at an event of the page, stays closed`, async (t) => {
    const browser = new FakeBrowser(t);
    const page = browser.page();
    let event;
    const close = (now) => now === event && watch.close();
    const fetchToken = () => {
      close('token');
      return token;
    };
    const watch = browser.watch({ ...FALLBACK, token: fetchToken });
    watch.on('frame', () => close('frame'));
    await browser.nextRequest();
    await browser.request.answer();
    event = closesAt;
    await page.show();
    assert.deepEqual(watch.states, ['connecting', 'polling', 'closed']);
    assert.deepEqual([watch.state, browser.timers, page.listeners()], ['closed', 0, 0]);
  });
}

test('requests and answers are frames of the watch', async (t) => {
  const browser = new FakeBrowser(t);
  const watch = await asking(browser);
  await browser.request.answer('a');
  const [out, answer] = watch.frames;
  assert.deepEqual(out, { direction: 'out', data: '{"merchant_id":"shop","ref":"7"}' });
  assert.equal(answer.direction, 'in');
  assert.equal(JSON.parse(answer.data).notifications[0].id, 'a');
});

test('watches with and without a fallback share a connection, and keep their states', async (t) => {
  const browser = new FakeBrowser(t);
  const plain = browser.watch();
  const watch = await asking(browser);
  await browser.request.answer('a');
  assert.deepEqual([watch.state, plain.state], ['polling', 'connecting']);
  assert.deepEqual([watch.heard, plain.heard, browser.sockets.length], [['a'], [], 1]);
});

test('an address ends with or without a slash, and one that is not valid throws', () => {
  for (const wrong of ['wss://example.org/prod', 'example.org/prod', undefined]) {
    const message = `polling needs the output HttpEndpointURL, https://..., not ${wrong}`;
    assert.throws(() => polling(wrong), { name: 'TypeError', message });
  }
  assert.doesNotThrow(() => polling('https://example.org/prod/'));
});
