// A WebSocket: on one side what the page uses, on the other what a test lets the service do.

export const SECOND = 1_000;
export const MINUTE = 60 * SECOND;
export const HOUR = 60 * MINUTE;

export class FakeSocket {
  opened = false;
  closed = false;
  /** The frames that the page sent, but for its pings. */
  sent = [];
  /** When it sent those. */
  pings = [];
  /** Whether pings are answered. */
  pongs = true;
  /** Milliseconds from opening until the service stops serving it. */
  lifetime = 2 * HOUR;
  #answered = 0;

  constructor(browser, url) {
    this.browser = browser;
    this.url = url;
  }

  // The page's side.

  send(text) {
    const frame = JSON.parse(text);
    if (frame.action !== 'ping') return void this.sent.push(frame);
    this.pings.push(this.browser.now);
    if (this.pongs) queueMicrotask(() => this.deliver({ client: 'server', type: 'pong' }));
  }

  close() {
    this.closed = true;
  }

  // The test's side.

  get token() {
    return new URL(this.url).searchParams.get('token');
  }

  get refs() {
    return this.sent.map((frame) => frame.ref);
  }

  open() {
    if (this.opened) return this;
    this.opened = true;
    this.readyState = 1;
    this.openedAt = this.browser.now;
    this.onopen?.();
    return this;
  }

  /** Deliver a frame to the page. */
  deliver(frame) {
    this.onmessage?.({ data: typeof frame === 'string' ? frame : JSON.stringify(frame) });
  }

  notify(id, more) {
    this.deliver({
      ...{ client: 'backend', merchant_id: 'shop', ref: '7', id, message: id, type: 'payment' },
      ...{ sent_at: this.browser.serverTime() },
      ...more,
    });
  }

  /** Answer the oldest unanswered frame. */
  answer(more) {
    const { action, merchant_id, ref } = this.sent[this.#answered++];
    const type = action ? 'unsubscribed' : 'subscribed';
    const remaining = this.openedAt + this.lifetime - this.browser.now;
    const now = this.browser.serverTime();
    const expires_at = this.browser.serverTime(remaining);
    this.deliver({ client: 'server', type, merchant_id, ref, now, expires_at, ...more });
    return this;
  }

  /** Answer the oldest unanswered frame with an error. */
  reject(more) {
    this.#answered++;
    const error = { client: 'server', type: 'error', message: 'no', request_id: 'r-1' };
    this.deliver({ ...error, ...more });
  }

  /** Open if necessary, and answer every frame. */
  serve({ lifetime = this.lifetime } = {}) {
    this.lifetime = lifetime;
    this.open();
    while (this.#answered < this.sent.length) this.answer();
    return this;
  }

  drop(code = 1006) {
    this.readyState = 3;
    this.onclose?.({ code });
  }
}
