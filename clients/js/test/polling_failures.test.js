import assert from 'node:assert/strict';
import { test } from 'node:test';
import { asking, FALLBACK } from './asking.js';
import { countingTokens, FakeBrowser, SECOND } from './fake_browser.js';

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

for (const [event, happen] of [
  ['a page that becomes visible', ({ page }) => page.show()],
  [
    'an answer',
    async ({ browser }) => {
      await browser.request.answer();
      await browser.nextRequest();
    },
  ],
]) {
  test(`${event} begins the count of failures anew`, async (t) => {
    const browser = new FakeBrowser(t);
    const page = browser.page();
    await asking(browser);
    for (let failures = 0; failures < 4; failures++) {
      await browser.request.fail();
      await browser.nextRequest();
    }
    await happen({ browser, page });
    await browser.request.fail();
    assert.equal(await browser.nextRequest(), 3 * SECOND);
  });
}

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

test('an answer of another server counts as a failed request', async (t) => {
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
