// The fallback of a watch on a network that blocks WebSockets: it asks for notifications over HTTPS
// until the watch is subscribed.

import { AWAKE, isHidden } from './page.js';
import { backoff } from './timing.js';

/** @import { StateDetail, Token } from './index.js' */
/** @import { polling as PublicPolling } from './polling.js' */
/** @import { Subscription } from './subscription.js' */

/** A watch that was not subscribed for this long asks. In milliseconds, as all that follows. */
const FALLBACK_AFTER = 5_000;

/** API Gateway answers within 29 seconds. */
const TIMEOUT = 30_000;

/** After the first without a notification it asks half as often, after the second rarely. */
const QUIET = 60_000;
const VERY_QUIET = 300_000;

/** Added to the service's pace, which is random: every 15 seconds. */
const RARELY = 12_500;

/** Between requests of a hidden page, at least. */
const HIDDEN = 60_000;

/** The paces that the service asks for are between these. */
const MIN_PACE = 2_000;
const MAX_PACE = 3_000;

class Poller {
  /** What the shared connection told last. @type {StateDetail} */
  #detail = { state: 'connecting' };
  /** Whether requests are answered; undefined until it is known. @type {boolean | undefined} */
  #answered;
  /** Requests in a row that failed. */
  #failures = 0;
  /** Aborts the requests under way. @type {AbortController | undefined} */
  #requests;
  /** When it began to ask, when the page woke up, or when the last notification came. */
  #heardAt = 0;
  /** Used until it is refused. @type {string | undefined} */
  #token;
  /** @type {ReturnType<typeof setTimeout> | undefined} */
  #timer;
  #address;
  #subscriptions;
  #source;

  /** @param {string} address @param {Subscription[]} subscriptions @param {Token} [token] */
  constructor(address, subscriptions, token) {
    this.#address = address;
    this.#subscriptions = subscriptions;
    this.#source = token;
  }

  /**
   * The state of the watch, from that of its shared connection.
   * @param {StateDetail} detail
   * @param {number} [hint] of the page
   * @returns {StateDetail}
   */
  enter(detail, hint = 0) {
    this.#detail = detail;
    const { state } = detail;
    if (state === 'subscribed' || state === 'closed') this.#stop();
    else if (!this.#timer) this.#after(FALLBACK_AFTER, () => this.#restart());
    else if (this.#requests && hint >= AWAKE) this.#restart();
    if (this.#answered) return { ...detail, state: 'polling' };
    // It is not, before this way is known to be blocked, too.
    const known = state !== 'unreachable' || this.#answered === false;
    return known ? detail : { ...detail, state: 'waiting' };
  }

  /** Ask at once, and from then on at the first pace. */
  #restart() {
    this.#failures = 0;
    this.#heardAt = performance.now();
    this.#ask();
  }

  async #ask() {
    this.#requests?.abort();
    const requests = new AbortController();
    this.#requests = requests;
    this.#after(TIMEOUT, () => {
      requests.abort();
      this.#token = undefined;
      // So long without an answer is known at once.
      this.#answered = false;
      this.#asked([0, MAX_PACE]);
    });
    await null; // Not while states are told: a token function or a listener may close the watch.
    const paces = await this.#askEach(requests.signal);
    if (!requests.signal.aborted) this.#asked(paces);
  }

  /** The pace that each answer asks for, or 0 without one. @param {AbortSignal} signal */
  async #askEach(signal) {
    if (signal.aborted || navigator.onLine === false) return [0];
    const source = this.#source;
    try {
      this.#token ??= await (typeof source === 'function' ? source() : source);
    } catch (error) {
      this.#subscriptions[0].listener.error({ code: 'token', message: String(error) });
      return [0];
    }
    return Promise.all(this.#subscriptions.map((each) => this.#askFor(each, signal)));
  }

  /** @param {Subscription} subscription @param {AbortSignal} signal */
  async #askFor(subscription, signal) {
    const { listener, topic, since } = subscription;
    const data = JSON.stringify({ ...topic, since: since || undefined });
    /** @type {any} */
    let frame;
    let status = 0;
    try {
      if (signal.aborted || navigator.onLine === false) return 0;
      // Without a token this needs no preflight: the service does not look at the content type.
      const headers = this.#token ? { authorization: `Bearer ${this.#token}` } : undefined;
      const request = fetch(this.#address, { method: 'POST', body: data, headers, signal });
      listener.emit('frame', { direction: 'out', data });
      const response = await request;
      const text = await response.text();
      frame = JSON.parse(text);
      status = response.status;
      if (!signal.aborted) listener.emit('frame', { direction: 'in', data: text });
    } catch {}
    if (signal.aborted) return 0;
    const { notifications, now, poll_after, message, field } = frame ?? {};
    if (Array.isArray(notifications)) {
      if (notifications.length) this.#heardAt = performance.now();
      subscription.deliver(notifications, 'replayed');
      // After that, and not if it closed the watch: a page may keep `since` at any time.
      if (!signal.aborted) subscription.confirm(now);
      return +poll_after || MIN_PACE;
    }
    // A page cannot read what API Gateway itself refuses, where that lacks CORS headers.
    if (!status || status === 401 || status === 403) this.#token = undefined;
    if (message && field !== 'exp') listener.error(frame);
    return 0;
  }

  /** @param {number[]} paces that the answers ask for; 0 for each request that failed */
  #asked(paces) {
    let delay = Math.min(Math.max(MIN_PACE, ...paces), HIDDEN);
    if (paces.includes(0)) {
      // One that fails may have had a token that is refused by now.
      if (this.#failures++) this.#answered = false;
      delay += backoff(this.#failures);
    } else {
      this.#answered = true;
      this.#failures = 0;
    }
    const quiet = performance.now() - this.#heardAt;
    if (quiet >= VERY_QUIET) delay += RARELY;
    else if (quiet >= QUIET) delay *= 2;
    if (isHidden()) delay = Math.max(delay, HIDDEN);
    this.#after(delay, () => this.#ask());
    this.#subscriptions[0].listener.enter(this.#detail);
  }

  /** @param {number} delay @param {() => void} callback */
  #after(delay, callback) {
    clearTimeout(this.#timer);
    this.#timer = setTimeout(callback, delay);
  }

  #stop() {
    clearTimeout(this.#timer);
    this.#requests?.abort();
    this.#timer = this.#requests = this.#answered = this.#token = undefined;
  }
}

/** @type {typeof PublicPolling} */
export const polling = (httpUrl) => {
  if (!/^https?:/.test(httpUrl)) {
    throw new TypeError(`polling needs the output HttpEndpointURL, https://..., not ${httpUrl}`);
  }
  const address = new URL(String(httpUrl).replace(/\/*$/, '/notifications')).href;
  return (subscriptions, token) => {
    const poller = new Poller(address, subscriptions, token);
    return (detail, hint) => poller.enter(detail, hint);
  };
};
