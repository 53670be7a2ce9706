// What watches of one address and token share: the connection in use, and its replacement.

import { Connection } from './connection.js';
import { backoff, STABLE_AFTER, UNREACHABLE_AFTER, unreachableDelay } from './timing.js';

/** @import { ErrorDetail, Notification, Token } from './index.js' */
/** @import { Phase, Subscription } from './subscription.js' */

/** A browser does not say why a handshake failed. */
const UNREACHABLE = {
  code: 'unreachable',
  message:
    `${UNREACHABLE_AFTER} handshakes in a row failed: ` +
    "check the network, the token, the page's origin and the address",
  retryable: true,
};

/** @type {Set<SharedConnection>} */
const sharedConnections = new Set();

/** Return the existing one or a new one. @param {string} url @param {Token | undefined} token */
export function sharedConnection(url, token) {
  for (const shared of sharedConnections) {
    if (shared.url === url && shared.token === token) return shared;
  }
  return new SharedConnection(url, token);
}

export class SharedConnection {
  /** The subscriptions by the key of their topic. @type {Map<string, Set<Subscription>>} */
  topics = new Map();
  /** The connection in use. @type {Connection | undefined} */
  #current;
  /** The connection that replaces it once it is subscribed. @type {Connection | undefined} */
  #next;
  /** @type {ReturnType<typeof setTimeout> | undefined} */
  #timer;
  /** When the next attempt is due, while the timer runs. */
  #due = 0;
  /** Attempts since a stable connection. */
  #attempts = 0;
  /** When the current connection came into use. */
  #inUseSince = 0;
  /** Failed handshakes in a row. */
  #failures = 0;

  /** @param {string} url @param {Token | undefined} token */
  constructor(url, token) {
    this.url = url;
    this.token = token;
    sharedConnections.add(this);
    globalThis.addEventListener?.('online', this.#replace);
    globalThis.addEventListener?.('offline', this.#check);
    globalThis.document?.addEventListener('visibilitychange', this.#check);
    this.connect();
  }

  /** @param {Subscription[]} subscriptions */
  add(subscriptions) {
    for (const subscription of subscriptions) {
      const topic = this.topics.get(subscription.key) ?? new Set();
      this.topics.set(subscription.key, topic.add(subscription));
    }
    // Deferred, so that the caller can add its event listeners first.
    queueMicrotask(() => this.#changed());
  }

  /** Close with the last subscription. @param {Subscription[]} subscriptions */
  remove(subscriptions) {
    for (const subscription of subscriptions) {
      const topic = this.topics.get(subscription.key);
      if (topic?.delete(subscription) && !topic.size) this.topics.delete(subscription.key);
    }
    if (this.topics.size) return this.#changed();
    sharedConnections.delete(this);
    clearTimeout(this.#timer);
    this.#current?.close();
    this.#next?.close();
    globalThis.removeEventListener?.('online', this.#replace);
    globalThis.removeEventListener?.('offline', this.#check);
    globalThis.document?.removeEventListener('visibilitychange', this.#check);
  }

  /** Open the next connection beside the current one, unless an attempt is under way. */
  connect() {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    this.#next ??= new Connection(this);
    this.#updateStates();
  }

  // A connection of the previous network may be dead without notice: a new one is ready sooner.
  #replace = () => {
    this.#attempts = this.#failures = 0;
    this.#next?.close();
    this.#next = undefined;
    this.connect();
  };

  // The page became visible, or the network went away: find out at once whether it still works.
  #check = () => {
    if (globalThis.document?.hidden) return; // A worker has a network, and no document.
    this.#attempts = this.#failures = 0;
    this.#current?.resubscribe();
    if (!this.#current || this.#timer) this.connect();
  };

  /** The subscriptions changed: send what they need on both connections. */
  #changed() {
    this.#current?.sendNext();
    this.#next?.sendNext();
    this.handOver();
  }

  /** The handshake of a connection succeeded. */
  opened() {
    this.#failures = 0;
    this.#updateStates();
  }

  /** Put the next connection into use if it has all subscriptions. */
  handOver() {
    const next = this.#next;
    if (next?.opened && this.#subscriptions().every((each) => next.subscribed.has(each))) {
      const previous = this.#current;
      this.#current = next;
      this.#next = undefined;
      this.#inUseSince = performance.now();
      previous?.close();
    }
    this.#updateStates();
  }

  /** @param {Connection} connection @param {string} reason */
  lost(connection, reason) {
    if (connection === this.#current) {
      this.#current = undefined;
      // One that ends soon after it was subscribed must not cause a storm of reconnects.
      if (performance.now() - this.#inUseSince > STABLE_AFTER) this.#attempts = 0;
    } else this.#next = undefined;
    // While offline, a failed handshake tells nothing about the token or the address.
    const failed =
      connection.attempted && !connection.opened && globalThis.navigator?.onLine !== false;
    if (failed && ++this.#failures === UNREACHABLE_AFTER) this.error(UNREACHABLE);
    if (this.topics.size && !this.#next && !this.#timer) {
      const delay = this.#unreachable ? unreachableDelay() : backoff(this.#attempts++);
      this.#due = performance.now() + delay;
      this.#timer = setTimeout(() => this.connect(), delay);
    }
    this.#updateStates({ reason });
  }

  /** @param {string} key @param {Notification[]} notifications @param {Phase} phase */
  deliver(key, notifications, phase) {
    for (const each of [...(this.topics.get(key) ?? [])]) each.deliver(notifications, phase);
  }

  /** @param {string | undefined} key @param {'in' | 'out'} direction @param {string} data */
  frame(key, direction, data) {
    for (const listener of this.#listeners(key)) listener.emit('frame', { direction, data });
  }

  /** Tell the watches of a topic, or all. @param {ErrorDetail} detail @param {string} [key] */
  error(detail, key) {
    for (const listener of this.#listeners(key)) listener.emit('error', detail);
  }

  /** Tell them, and close them. @param {ErrorDetail} detail @param {string} [key] */
  reject(detail, key) {
    for (const listener of this.#listeners(key)) {
      listener.emit('error', detail);
      listener.close();
    }
  }

  get #unreachable() {
    return this.#failures >= UNREACHABLE_AFTER;
  }

  /** @param {{reason?: string, retryIn?: number}} [more] */
  #updateStates(more) {
    const connection = this.#current ?? this.#next;
    const subscriptions = this.#subscriptions();
    if (!connection) more = { ...more, retryIn: this.#due - performance.now() };
    for (const listener of this.#listeners()) {
      const subscribed = subscriptions.every(
        (each) => each.listener !== listener || connection?.subscribed.has(each),
      );
      const up = subscribed ? 'subscribed' : 'open';
      const down = this.#unreachable ? 'unreachable' : 'waiting';
      const state = !connection ? down : connection.opened ? up : 'connecting';
      listener.enter({ state, ...more });
    }
  }

  /** @param {string} [key] */
  #subscriptions(key) {
    return [...this.topics].flatMap(([each, topic]) => (!key || each === key ? [...topic] : []));
  }

  /** @param {string} [key] */
  #listeners(key) {
    return new Set(this.#subscriptions(key).map(({ listener }) => listener));
  }
}
