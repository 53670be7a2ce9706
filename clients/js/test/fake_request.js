// A request over HTTPS: on one side what the page uses, on the other what a test lets the service do.

export class FakeRequest {
  /** What `fetch` returns. */
  response;
  aborted = false;
  #browser;
  #resolve;
  #reject;

  constructor(browser, url, { method, headers, body, signal }) {
    this.#browser = browser;
    this.url = url;
    this.method = method;
    this.headers = headers ?? {};
    this.body = JSON.parse(body);
    this.at = browser.now;
    this.response = new Promise((resolve, reject) => {
      this.#resolve = resolve;
      this.#reject = reject;
    });
    signal.addEventListener('abort', () => {
      this.aborted = true;
      this.#reject(signal.reason);
    });
  }

  get token() {
    return this.headers.authorization?.replace(/^Bearer /, '');
  }

  /** Answer with the notifications of these ids. */
  async answer(...ids) {
    await this.give(ids.map((id) => ({ id })));
  }

  /** Answer with notifications that have these fields. */
  async give(notifications, more) {
    const { merchant_id, ref } = this.body;
    const each = { client: 'backend', merchant_id, ref, type: 'payment' };
    const now = this.#browser.serverTime();
    await this.respond(200, {
      ...{ client: 'server', type: 'notifications', merchant_id, ref, more: false, now },
      notifications: notifications.map((fields) => ({ ...each, sent_at: now, ...fields })),
      ...{ poll_after: 2_500, ...more },
    });
  }

  /** Answer with the error frame of the service. */
  async refuse(status, more) {
    const error = { client: 'server', type: 'error', message: 'no', request_id: 'r-1' };
    await this.respond(status, { ...error, ...more });
  }

  async respond(status, body) {
    const text = typeof body === 'string' ? body : JSON.stringify(body);
    this.#resolve({ status, text: async () => text });
    await this.#browser.settle();
  }

  /** Fail without an answer that the page may read. */
  async fail() {
    this.#reject(new TypeError('Failed to fetch'));
    await this.#browser.settle();
  }
}
