import assert from 'node:assert/strict';
import { test } from 'node:test';
import { countingTokens, FakeBrowser, MINUTE } from './fake_browser.js';

function fail(message) {
  throw new Error(message);
}

test('the token function is called again before each connect', async (t) => {
  const browser = new FakeBrowser(t);
  await browser.subscribedWatch({ token: countingTokens() });
  for (const delay of [500, 1_000]) {
    browser.socket.drop();
    await browser.advance(delay);
  }
  assert.deepEqual(browser.tokens, ['1', '2', '3']);
});

test('a token function that returns nothing connects without a token', async (t) => {
  const browser = new FakeBrowser(t);
  browser.watch({ token: async () => undefined });
  await browser.settle();
  assert.deepEqual(browser.tokens, [null]);
});

for (const [fails, token] of [
  ['rejects', () => Promise.reject(new Error('no session'))],
  ['throws', () => fail('no session')],
]) {
  test(`a token function that ${fails} is reported, and called again after a delay`, async (t) => {
    const browser = new FakeBrowser(t);
    const fetchToken = t.mock.fn(token);
    const watch = browser.watch({ token: fetchToken });
    await browser.settle();
    const [{ code, message, retryable }] = watch.errors;
    assert.deepEqual([code, message, retryable], ['token', 'Error: no session', true]);
    assert.equal(watch.state, 'waiting');
    fetchToken.mock.mockImplementation(async () => 'good');
    await browser.advance(500);
    assert.deepEqual(browser.tokens, ['good']);
  });
}

test('a token that does not come is abandoned, and not a failed handshake', async (t) => {
  const browser = new FakeBrowser(t);
  const answers = [];
  const watch = browser.watch({ token: () => new Promise((answer) => answers.push(answer)) });
  await browser.until(() => answers.length === 4);
  assert.deepEqual(watch.errors, []);
  assert.equal(watch.details.at(-2).reason, 'no token');
  answers[0]('too late');
  await browser.settle();
  assert.deepEqual(browser.sockets, []);
  answers.at(-1)('in time');
  await browser.settle();
  assert.deepEqual(browser.tokens, ['in time']);
});

test('a token function that fails after its timeout is only reported', async (t) => {
  const browser = new FakeBrowser(t);
  const tokens = [Promise.withResolvers(), Promise.withResolvers()];
  let calls = 0;
  const watch = browser.watch({ token: () => tokens[calls++].promise });
  await browser.until(() => calls === 2);
  tokens[0].reject(new Error('no session'));
  await browser.settle();
  assert.deepEqual(
    watch.errors.map(({ code }) => code),
    ['token'],
  );
  assert.equal(watch.state, 'connecting');
  tokens[1].resolve('good');
  await browser.settle();
  browser.socket.serve();
  assert.equal(watch.state, 'subscribed');
});

for (const settle of ['resolve', 'reject']) {
  test(`a watch closed before its token can ${settle} opens no socket`, async (t) => {
    const browser = new FakeBrowser(t);
    const token = Promise.withResolvers();
    const watch = browser.watch({ token: () => token.promise });
    await browser.settle();
    watch.close();
    token[settle](new Error('too late'));
    await browser.settle();
    assert.deepEqual([browser.sockets, watch.errors, browser.timers], [[], [], 0]);
  });
}

test('a watch closed by its token error does not call the function again', async (t) => {
  const browser = new FakeBrowser(t);
  const token = t.mock.fn(() => Promise.reject(new Error('no session')));
  const watch = browser.watch({ token });
  watch.on('error', () => watch.close());
  await browser.advance(MINUTE);
  assert.equal(token.mock.callCount(), 1);
  assert.equal(browser.timers, 0);
});

test('a frame rejected for an expired token causes a connection with a new token', async (t) => {
  const browser = new FakeBrowser(t);
  const watch = await browser.subscribedWatch({ token: countingTokens() });
  await browser.advance(5 * MINUTE);
  browser.socket.reject({ code: 'forbidden', field: 'exp', retryable: false });
  assert.ok(browser.socket.closed);
  await browser.advance(500);
  browser.socket.serve();
  assert.deepEqual(browser.tokens, ['1', '2']);
  assert.deepEqual([watch.errors, watch.state], [[], 'subscribed']);
});

test('a token that is about to expire causes at most about a connection a second', async (t) => {
  const browser = new FakeBrowser(t);
  browser.watch({ token: 'the same each time' });
  await browser.settle();
  for (let each = 0; each < 600; each++) {
    await browser.advance(100);
    for (const socket of browser.sockets) if (!socket.closed) socket.serve({ lifetime: 100 });
  }
  assert.ok(browser.sockets.length < 70, `${browser.sockets.length} sockets in a minute`);
});
