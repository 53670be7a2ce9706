// One WebSocket: it opens, sends one frame at a time, and reports when it is lost.

import { Request } from './request.js';
import { topicKey } from './subscription.js';
import {
  backoff,
  CONNECT_TIMEOUT,
  handoverMargin,
  KEEP_ALIVE_INTERVAL,
  RESPONSE_TIMEOUT,
  startTimeout,
} from './timing.js';

/** @import { SharedConnection } from './shared_connection.js' */
/** @import { Subscription } from './subscription.js' */

/**
 * An `error` frame does not say which frame it answers, and API Gateway runs the frames of a
 * connection concurrently: so the next frame is sent when the one before is answered.
 */
export class Connection {
  /** A handshake was begun. */
  attempted = false;
  /** The handshake succeeded. */
  opened = false;
  /** Subscriptions that the service confirmed here. @type {WeakSet<Subscription>} */
  subscribed = new WeakSet();
  /** Subscriptions that were sent since the last keep-alive. @type {Set<Subscription>} */
  #sent = new Set();
  /** Subscriptions that failed and are sent again after a delay. @type {Set<Subscription>} */
  #failed = new Set();
  /** Topics that this connection subscribed to, by key. @type {Map<string, Subscription>} */
  #topics = new Map();
  /** The frame that waits for its response. @type {Request | undefined} */
  #pending;
  /** @type {WebSocket | undefined} */
  #socket;
  #closed = false;
  #retries = 0;
  /** @type {ReturnType<typeof setTimeout> | undefined} */
  #retryTimer;
  /** @type {ReturnType<typeof setTimeout> | undefined} */
  #expiryTimer;
  /** @type {ReturnType<typeof setInterval> | undefined} */
  #keepAliveTimer;
  /** Drawn once: a keep-alive must not postpone the handover. @type {number | undefined} */
  #margin;
  #shared;
  #cancelTimeout;

  /** @param {SharedConnection} shared */
  constructor(shared) {
    this.#shared = shared;
    this.#cancelTimeout = startTimeout(CONNECT_TIMEOUT, () =>
      this.lost(`no ${this.attempted ? 'handshake' : 'token'}`),
    );
    this.#connect();
  }

  async #connect() {
    const { url, token } = this.#shared;
    const address = new URL(url);
    await null; // The caller adds its event listeners first, and may close at once.
    if (this.#closed) return;
    try {
      const value = await (typeof token === 'function' ? token() : token);
      if (value) address.searchParams.set('token', value);
    } catch (error) {
      // Reported even after the timeout: it may be the cause.
      this.#shared.error({ code: 'token', message: String(error), retryable: true });
      this.lost('no token');
    }
    if (this.#closed) return;
    let socket;
    try {
      socket = this.#socket = new WebSocket(address.href);
    } catch (error) {
      return this.#shared.reject({ code: 'address', message: String(error), retryable: false });
    }
    this.attempted = true;
    socket.onopen = () => {
      this.opened = true;
      this.#keepAliveTimer = setInterval(() => this.resubscribe(), KEEP_ALIVE_INTERVAL);
      this.#shared.opened();
      this.sendNext();
    };
    socket.onmessage = ({ data }) => this.#receive(data);
    socket.onclose = ({ code }) => this.lost(`closed with ${code}`);
    socket.onerror = () => this.lost('broken');
  }

  /** Subscribe to everything again: it keeps the connection alive, and replays what was missed. */
  resubscribe() {
    this.#sent.clear();
    this.sendNext();
  }

  /** Send the next frame, if there is one and no other waits for its response. */
  sendNext() {
    if (!this.opened || this.#closed || this.#pending) return;
    const { topics } = this.#shared;
    for (const [key, topic] of topics) {
      const subscriptions = [...topic];
      if (subscriptions.every((each) => this.#sent.has(each))) continue;
      for (const each of subscriptions) this.#sent.add(each);
      this.#topics.set(key, subscriptions[0]);
      // The earliest; an empty one, of a subscription that asks for everything, sorts first.
      const since = subscriptions.map((each) => each.since).sort()[0] || undefined;
      const frame = { client: 'frontend', ...topicFields(subscriptions[0]), since };
      return this.#send(frame, 'subscribed', key, subscriptions);
    }
    for (const [key, subscription] of this.#topics) {
      if (topics.has(key)) continue;
      this.#topics.delete(key);
      return this.#send(
        { action: 'unsubscribe', ...topicFields(subscription) },
        'unsubscribed',
        key,
        [],
      );
    }
  }

  /**
   * @param {object} frame
   * @param {string} response the type of the frame that answers it
   * @param {string} key
   * @param {Subscription[]} subscriptions
   */
  #send(frame, response, key, subscriptions) {
    const text = JSON.stringify(frame);
    this.#pending = new Request(response, key, subscriptions, (held) =>
      this.#shared.deliver(key, held, 'replayed'),
    );
    this.#awaitResponse();
    this.#socket?.send(text);
    this.#shared.frame(key, 'out', text);
  }

  #awaitResponse() {
    this.#cancelTimeout();
    this.#cancelTimeout = startTimeout(RESPONSE_TIMEOUT, () => this.lost('no answer'));
  }

  /** @param {string} text */
  #receive(text) {
    let frame;
    try {
      frame = JSON.parse(text);
    } catch {}
    const pending = this.#pending;
    const key = topicKey(frame?.merchant_id, frame?.ref);
    this.#shared.frame(frame?.merchant_id ? key : pending?.key, 'in', text);
    if (this.#closed) return;
    if (frame?.client === 'backend') {
      const held = key === pending?.key ? pending : undefined;
      // A long replay precedes its response, and proves that the network works.
      if (held?.extendable) this.#awaitResponse();
      held?.hold(frame);
      this.#shared.deliver(key, [frame], held ? 'held' : 'live');
    } else if (pending && frame) {
      if (frame.type === pending.response && key === pending.key) this.#answered(frame, pending);
      else if (frame.type === 'error') this.#rejected(frame, pending);
      // What API Gateway itself answers has no `client`, e.g. {"message": "Internal server error"}.
      else if (!frame.client && frame.message) this.#rejected(frame, pending);
    }
  }

  #completed() {
    this.#cancelTimeout();
    this.#pending = undefined;
    this.sendNext();
  }

  /** @param {{now: string, expires_at: string}} frame @param {Request} pending */
  #answered(frame, pending) {
    // Before `since` moves on: a page may keep it at any time.
    pending.release();
    if (this.#closed) return;
    if (pending.subscriptions.length) this.#confirmed(frame, pending.subscriptions);
    this.#completed();
  }

  /** @param {{now: string, expires_at: string}} frame @param {Subscription[]} subscriptions */
  #confirmed(frame, subscriptions) {
    this.#retries = 0;
    for (const each of subscriptions) {
      each.confirm(frame.now);
      this.subscribed.add(each);
    }
    this.#expireIn(Date.parse(frame.expires_at) - Date.parse(frame.now));
    this.#shared.handOver();
  }

  /** By the service's clock alone: the browser's may be wrong. @param {number} lifetime */
  #expireIn(lifetime) {
    clearTimeout(this.#expiryTimer);
    if (Number.isNaN(lifetime)) return;
    this.#margin ??= handoverMargin(lifetime);
    // At least a second, or a token that is about to expire would cause a reconnect loop.
    const untilHandover = Math.max(1_000, lifetime - this.#margin);
    this.#expiryTimer = setTimeout(() => {
      this.#expiryTimer = setTimeout(() => this.lost('expired'), lifetime - untilHandover);
      this.#shared.connect();
    }, untilHandover);
  }

  /** @param {any} frame @param {Request} pending */
  #rejected(frame, pending) {
    const { key, subscriptions } = pending;
    const { code = 'gateway', message, field, retryable = true, request_id, requestId } = frame;
    // The token has expired; the next connection fetches a new one, which decides what is allowed.
    if (code === 'forbidden' && field === 'exp') return this.lost(message);
    const error = { code, message, field, retryable, requestId: request_id ?? requestId };
    pending.release();
    if (this.#closed) return;
    if (!subscriptions.length) {
      // An unsubscribe: no watch waits for it.
    } else if (retryable) {
      for (const each of subscriptions) this.#failed.add(each);
      this.#retryTimer ??= setTimeout(() => this.#retry(), backoff(this.#retries++));
      this.#shared.error(error, key);
    } else {
      this.#topics.delete(key);
      this.#shared.reject(error, key);
    }
    this.#completed();
  }

  #retry() {
    this.#retryTimer = undefined;
    for (const each of this.#failed) this.#sent.delete(each);
    this.#failed.clear();
    this.sendNext();
  }

  /** Abandon this connection: its own close event may come late, or never. */
  lost(/** @type {string} */ reason) {
    if (this.#closed) return;
    this.close();
    this.#shared.lost(this, reason);
  }

  /** Close without reporting it. */
  close() {
    this.#closed = true;
    this.#cancelTimeout();
    clearTimeout(this.#retryTimer);
    clearTimeout(this.#expiryTimer);
    clearInterval(this.#keepAliveTimer);
    this.#pending?.release();
    const socket = this.#socket;
    if (!socket) return;
    socket.onopen = socket.onmessage = socket.onclose = socket.onerror = null;
    socket.close();
  }
}

const topicFields = (/** @type {Subscription} */ { merchantId, ref }) => ({
  merchant_id: merchantId,
  ref,
});
