import assert from 'node:assert/strict';
import { test } from 'node:test';
import { polling } from '../src/polling.js';
import { countingTokens, FakeBrowser, HOUR, MINUTE, SECOND } from './fake_browser.js';

const FALLBACK = { fallback: polling('https://example.org/prod') };

/** A watch whose handshakes hang, until its first request. */
async function asking(browser, options) {
  const watch = browser.watch({ ...FALLBACK, ...options });
  await browser.nextRequest();
  return watch;
}

/** Answer requests for so long with nothing; return the times between them, in seconds. */
async function paces(browser, duration) {
  const paces = [];
  for (const end = browser.now + duration; browser.now < end; ) {
    await browser.request.answer();
    paces.push((await browser.nextRequest()) / SECOND);
  }
  return paces;
}

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

test('a watch is unreachable when its requests fail, too, and not before', async (t) => {
  const browser = new FakeBrowser(t);
  const watch = browser.watch(FALLBACK);
  await browser.settle();
  await browser.failHandshakes(2);
  browser.socket.drop();
  assert.deepEqual([watch.state, watch.errors], ['waiting', []]);
  await browser.nextRequest();
  await browser.request.fail();
  assert.deepEqual([watch.state, watch.errors], ['waiting', []]);
  await browser.nextRequest();
  await browser.request.fail();
  assert.deepEqual([watch.state, watch.errors.length], ['unreachable', 1]);
  await browser.nextRequest();
  await browser.request.answer('a');
  assert.deepEqual([watch.state, watch.heard], ['polling', ['a']]);
});

test('a watch that is unreachable again tells so again, since it was polling', async (t) => {
  const browser = new FakeBrowser(t);
  const watch = browser.watch(FALLBACK);
  await browser.settle();
  await browser.failHandshakes(2);
  browser.socket.drop();
  for (const errors of [1, 2]) {
    for (const _ of ['one', 'another']) {
      await browser.nextRequest();
      await browser.request.fail();
    }
    assert.deepEqual([watch.state, watch.errors.length], ['unreachable', errors]);
    await browser.nextRequest();
    await browser.request.answer();
    assert.equal(watch.state, 'polling');
  }
});

test('one request without an answer for 30 seconds ends the state', async (t) => {
  const browser = new FakeBrowser(t);
  const watch = await asking(browser);
  await browser.request.answer();
  await browser.nextRequest();
  await browser.until(() => browser.request.aborted);
  assert.equal(watch.state, 'connecting');
});

test('one request that fails does not end the state, a second does', async (t) => {
  const browser = new FakeBrowser(t);
  const watch = await asking(browser);
  await browser.request.answer();
  const { since } = watch;
  for (const state of ['polling', 'connecting']) {
    await browser.nextRequest();
    assert.equal(browser.request.body.since, since);
    await browser.request.refuse(503, { code: 'internal_error', retryable: true });
    assert.equal(watch.state, state);
  }
  const error = { code: 'internal_error', message: 'no', field: undefined, retryable: true };
  assert.deepEqual(
    watch.errors,
    [error, error].map((each) => ({ ...each, requestId: 'r-1' })),
  );
});

test('failed requests are repeated after at least 2 seconds, more and more slowly', async (t) => {
  const browser = new FakeBrowser(t);
  await asking(browser);
  const delays = [];
  while (delays.length < 5) {
    await browser.request.fail();
    delays.push(await browser.nextRequest());
  }
  assert.deepEqual(delays, [3_000, 4_000, 6_000, 10_000, 17_000]);
});

test('a page that becomes visible begins the count of failures anew', async (t) => {
  const browser = new FakeBrowser(t);
  const page = browser.page();
  await asking(browser);
  for (let failures = 0; failures < 4; failures++) {
    await browser.request.fail();
    await browser.nextRequest();
  }
  await page.show();
  await browser.request.fail();
  assert.equal(await browser.nextRequest(), 3 * SECOND);
});

test('what API Gateway itself answers is reported', async (t) => {
  const browser = new FakeBrowser(t);
  const watch = await asking(browser);
  await browser.request.respond(404, { message: 'Not Found' });
  const [{ code, message, retryable }] = watch.errors;
  assert.deepEqual([code, message, retryable], ['gateway', 'Not Found', true]);
});

test('a request without an answer is given up after 30 seconds, with its token', async (t) => {
  const browser = new FakeBrowser(t);
  const tokens = countingTokens();
  await asking(browser, { token: async () => `https ${await tokens()}` });
  const [request] = browser.requests;
  await browser.until(() => request.aborted);
  assert.equal(browser.now, 35 * SECOND);
  assert.equal(await browser.nextRequest(), 4 * SECOND);
  assert.notEqual(browser.request.token, request.token);
});

test('what is no answer of the service counts as none', async (t) => {
  const browser = new FakeBrowser(t);
  const watch = await asking(browser, { token: countingTokens() });
  for (const body of ['<h1>Please log in</h1>', 'null', '5', '', '{"type":"notifications"}']) {
    await browser.request.respond(200, body);
    await browser.nextRequest();
  }
  assert.deepEqual([watch.heard, watch.errors], [[], []]);
});

for (const [refusal, refuse] of [
  ['a 401', (request) => request.respond(401, { message: 'Unauthorized' })],
  ['a 403 of API Gateway', (request) => request.respond(403, { message: 'Forbidden' })],
  [
    'the end of the token',
    (request) => request.refuse(403, { code: 'forbidden', field: 'exp', retryable: false }),
  ],
  ['a request without an answer', (request) => request.fail()],
]) {
  test(`the token is asked for anew after ${refusal}, and not before`, async (t) => {
    const browser = new FakeBrowser(t);
    const tokens = countingTokens();
    const token = async () => `https ${await tokens()}`;
    const watch = await asking(browser, { token });
    const { token: first } = browser.request;
    await browser.request.answer();
    await browser.nextRequest();
    assert.equal(browser.request.token, first);
    await refuse(browser.request);
    assert.equal(watch.state, 'polling');
    await browser.nextRequest();
    assert.notEqual(browser.request.token, first);
    await browser.request.answer('a');
    assert.deepEqual(watch.heard, ['a']);
  });
}

test('a 503 and a 429 keep the token', async (t) => {
  const browser = new FakeBrowser(t);
  await asking(browser, { token: countingTokens() });
  const { token } = browser.request;
  for (const status of [503, 429]) {
    await browser.request.respond(status, { message: 'later' });
    await browser.nextRequest();
    assert.equal(browser.request.token, token);
  }
});

test('a ref that is refused for good closes the watch', async (t) => {
  const browser = new FakeBrowser(t);
  const watch = await asking(browser, { ref: ['7', '8'] });
  const refusal = { code: 'forbidden', field: 'ref', retryable: false };
  await browser.requests[1].refuse(403, refusal);
  const error = { ...refusal, message: 'no', requestId: 'r-1' };
  assert.deepEqual([watch.errors, watch.state], [[error], 'closed']);
  assert.ok(browser.requests[0].aborted);
  assert.equal(browser.timers, 0);
});

test('a token function that fails is reported, and called again', async (t) => {
  const browser = new FakeBrowser(t);
  let calls = 0;
  const token = () => {
    if (++calls === 2) throw new Error('no session');
    return `token ${calls}`;
  };
  const watch = browser.watch({ ...FALLBACK, token });
  assert.equal(await browser.nextRequest(), 8 * SECOND);
  const [{ code, message, retryable }] = watch.errors;
  assert.deepEqual([code, message, retryable], ['token', 'Error: no session', true]);
  assert.equal(browser.request.token, 'token 3');
});

test('a token that does not come is given up after 30 seconds', async (t) => {
  const browser = new FakeBrowser(t);
  let calls = 0;
  const token = () => (++calls === 2 ? new Promise(() => {}) : `token ${calls}`);
  browser.watch({ ...FALLBACK, token });
  assert.equal(await browser.nextRequest(), 39 * SECOND);
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
