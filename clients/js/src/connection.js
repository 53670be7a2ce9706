// One WebSocket: it opens, sends one frame at a time, and reports when it is lost.

import { Expiry } from './expiry.js';
import { handshake } from './handshake.js';
import { KeepAlive } from './keep_alive.js';
import { Request } from './request.js';
import { NO_TOPIC, topicKey } from './subscription.js';
import { backoff, CONNECT_TIMEOUT, RESPONSE_TIMEOUT, startTimeout } from './timing.js';

/** @import { SharedConnection } from './shared_connection.js' */
/** @import { Subscription } from './subscription.js' */

/**
 * An `error` frame does not say which frame it answers, and API Gateway runs the frames of a
 * connection concurrently: so the next frame is sent when the one before is answered.
 */
export class Connection {
  /** There is one as soon as a handshake was begun. @type {WebSocket | undefined} */
  socket;
  /** The handshake succeeded. */
  opened = false;
  /** When the service confirmed the first subscription here. @type {number | undefined} */
  subscribedAt;
  /** Subscriptions that the service confirmed here. @type {WeakSet<Subscription>} */
  subscribed = new WeakSet();
  /** Subscriptions that were sent since all were sent again. @type {Set<Subscription>} */
  #sent = new Set();
  /** Subscriptions that failed and are sent again after a delay. @type {Set<Subscription>} */
  #failed = new Set();
  /** Topics that this connection subscribed to, by key. @type {Map<string, Subscription>} */
  #topics = new Map();
  /** The frame that waits for its response. @type {Request | undefined} */
  #pending;
  #closed = false;
  #retries = 0;
  /** @type {ReturnType<typeof setTimeout> | undefined} */
  #retryTimer;
  #keepAlive;
  #expiry;
  #shared;
  /** @type {() => void} */
  #cancelTimeout = () => {};

  /** @param {SharedConnection} shared */
  constructor(shared) {
    this.#shared = shared;
    this.#keepAlive = new KeepAlive(
      () => shared.pingInterval,
      (resubscribe) => this.check(resubscribe),
    );
    this.#expiry = new Expiry(
      () => shared.connect(),
      () => this.lost('expired', Infinity),
    );
    this.#expectWithin(CONNECT_TIMEOUT);
    this.#connect();
  }

  async #connect() {
    const { url, token } = this.#shared;
    try {
      this.socket = await handshake(url, token, () => this.#closed);
    } catch (/** @type {any} */ detail) {
      // Reported even after the timeout: it may be the cause.
      this.#shared.error(detail);
      this.lost('no token');
    }
    const socket = this.socket;
    if (!socket) return;
    if (this.#closed) return socket.close();
    socket.onopen = () => {
      this.opened = true;
      this.#keepAlive.heard();
      this.#shared.handOver();
      this.sendNext();
    };
    socket.onmessage = ({ data }) => this.#receive(data);
    socket.onclose = ({ code }) => this.lost(`closed with ${code}`);
    socket.onerror = () => this.lost('broken');
  }

  /** Find out within seconds whether it works. @param {boolean} [missed] replay that, too */
  check(missed) {
    // Closed without an event, with a page in the back/forward cache: not for its silence.
    if ((this.socket?.readyState ?? 0) > 1) this.lost('closed', Infinity);
    else if (!this.opened) {
      // Further checks must not extend it, nor shorten every attempt on a slow network.
      if (performance.now() < this.#shared.patientUntil) return;
      this.#shared.patientUntil = performance.now() + CONNECT_TIMEOUT;
      this.#expectWithin(RESPONSE_TIMEOUT);
    } else if (missed) {
      this.#sent.clear();
      this.#keepAlive.resubscribed();
      this.sendNext();
    } else if (!this.#pending) this.#send({ action: 'ping' }, 'pong', NO_TOPIC, []);
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
      const frame = { client: 'frontend', ...subscriptions[0].topic, since };
      return this.#send(frame, 'subscribed', key, subscriptions);
    }
    for (const [key, subscription] of this.#topics) {
      if (topics.has(key)) continue;
      this.#topics.delete(key);
      return this.#send({ action: 'unsubscribe', ...subscription.topic }, 'unsubscribed', key, []);
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
    this.#expectWithin(RESPONSE_TIMEOUT);
    this.socket?.send(text);
    this.#shared.frame(key, 'out', text);
  }

  #expectWithin(/** @type {number} */ delay) {
    this.#cancelTimeout();
    this.#cancelTimeout = startTimeout(delay, () =>
      this.lost(`no ${this.opened ? 'answer' : this.socket ? 'handshake' : 'token'}`),
    );
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
    this.#keepAlive.heard();
    if (frame?.client === 'backend') {
      const held = key === pending?.key;
      // A long replay precedes its response, and proves that the network works.
      if (held && pending.hold(frame)) this.#expectWithin(RESPONSE_TIMEOUT);
      this.#shared.deliver(key, [frame], held ? 'held' : 'live');
    } else if (pending && frame) {
      if (frame.type === pending.response && key === pending.key) this.#answered(frame, pending);
      // What API Gateway itself answers has no `client`, e.g. {"message": "Internal server error"}.
      else if (frame.type === 'error' || (!frame.client && frame.message)) {
        this.#rejected(frame, pending);
      }
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
    if (pending.subscriptions.length) {
      this.#retries = 0;
      this.subscribedAt ??= performance.now();
      for (const each of pending.subscriptions) {
        each.confirm(frame.now);
        this.subscribed.add(each);
      }
      this.#expiry.in(Date.parse(frame.expires_at) - Date.parse(frame.now));
      this.#shared.subscribed();
    }
    this.#completed();
  }

  /** @param {any} frame @param {Request} pending */
  #rejected(frame, pending) {
    const { key, subscriptions } = pending;
    const { code, message, field, retryable = true } = frame;
    // The token has expired; the next connection fetches a new one, which decides what is allowed.
    if (code === 'forbidden' && field === 'exp') return this.lost(message);
    pending.release();
    if (this.#closed) return;
    // None for an unsubscribe or a ping: no watch waits for it.
    if (subscriptions.length) {
      if (retryable) {
        for (const each of subscriptions) this.#failed.add(each);
        this.#retryTimer ??= setTimeout(() => this.#retry(), backoff(this.#retries++));
      } else this.#topics.delete(key);
      this.#shared.error(frame, key);
    }
    this.#completed();
  }

  #retry() {
    this.#retryTimer = undefined;
    for (const each of this.#failed) this.#sent.delete(each);
    this.#failed.clear();
    this.sendNext();
  }

  /**
   * Abandon this connection: its own close event may come late, or never.
   * @param {string} reason
   * @param {number} [learned] the ping interval that might have saved it
   */
  lost(reason, learned = this.#keepAlive.learned) {
    if (this.#closed) return;
    // A repeated subscribe may follow any silence, e.g. that of a machine that slept.
    if (this.#pending?.subscriptions.length) learned = Infinity;
    this.close();
    this.#shared.lost(this, reason, learned);
  }

  /** Close without reporting it. */
  close() {
    this.#closed = true;
    this.#cancelTimeout();
    clearTimeout(this.#retryTimer);
    this.#expiry.stop();
    this.#keepAlive.stop();
    this.#pending?.release();
    const socket = this.socket;
    if (!socket) return;
    socket.onopen = socket.onmessage = socket.onclose = socket.onerror = null;
    socket.close();
  }
}
