// One socket, as the page sees it, and as the server does.

export const SECOND = 1_000;
export const MINUTE = 60 * SECOND;
export const HOUR = 60 * MINUTE;

export class FakeSocket {
  opened = false;
  closed = false;
  /** What the page sent. */
  sent = [];
  /** How long it is served, from when it opened. */
  life = 2 * HOUR;
  #answered = 0;

  constructor(world, url) {
    this.world = world;
    this.url = url;
  }

  send(text) {
    this.sent.push(JSON.parse(text));
  }

  close() {
    this.closed = true;
  }

  get token() {
    return new URL(this.url).searchParams.get('token');
  }

  get refs() {
    return this.sent.map((frame) => frame.ref);
  }

  // From here on, the other end.

  open() {
    if (this.opened) return this;
    this.opened = true;
    this.began = this.world.now;
    this.onopen?.();
    return this;
  }

  say(frame) {
    this.onmessage?.({ data: typeof frame === 'string' ? frame : JSON.stringify(frame) });
  }

  notify(id, more) {
    this.say({
      ...{ client: 'backend', merchant_id: 'shop', ref: '7', id, message: id, type: 'payment' },
      ...{ sent_at: this.world.time() },
      ...more,
    });
  }

  /** Answer the oldest frame that was not. */
  answer(more) {
    const { action, merchant_id, ref } = this.sent[this.#answered++];
    const type = action ? 'unsubscribed' : 'subscribed';
    const left = this.began + this.life - this.world.now;
    const times = { now: this.world.time(), expires_at: this.world.time(left) };
    this.say({ client: 'server', type, merchant_id, ref, ...times, ...more });
    return this;
  }

  refuse(more) {
    this.#answered++;
    const error = { client: 'server', type: 'error', message: 'no', request_id: 'r-1' };
    this.say({ ...error, ...more });
  }

  /** Open, unless it is, and answer everything; `life`: how long it is served. */
  serve({ life = this.life } = {}) {
    this.life = life;
    this.open();
    while (this.#answered < this.sent.length) this.answer();
    return this;
  }

  drop(code = 1006) {
    this.onclose?.({ code });
  }
}
