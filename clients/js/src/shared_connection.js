// What watches of one address and token share: the connection in use, and its replacement.

import { Connection } from './connection.js';
import { AWAKE, isHidden, listenToPage, NEW_NETWORK } from './page.js';
import {
  backoff,
  SETTLE_TIME,
  STABLE_AFTER,
  UNREACHABLE_AFTER,
  unreachableDelay,
} from './timing.js';

/** @import { Notification, State, Token } from './index.js' */
/** @import { Phase, Subscription } from './subscription.js' */

/** @type {Set<SharedConnection>} */
const sharedConnections = new Set();

/** Return the existing one or a new one. @param {string} url @param {Token | undefined} token */
export const sharedConnection = (url, token) =>
  [...sharedConnections].find((each) => each.url === url && each.token === token) ??
  new SharedConnection(url, token);

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
  /** Attempts since the last subscribed connection, or the last hint of the page. */
  #attempts = 0;
  /** Connections in a row that were never subscribed. */
  #failures = 0;
  /** Until then no hint of the page shortens an attempt. */
  patientUntil = 0;
  /** Connections in a row that ended as soon as they were subscribed. */
  #brief = 0;
  /** The ping interval that connections that ended in silence would have needed. */
  #learned = Infinity;
  /** The greatest hint of the page that was not answered yet, or 0. */
  #hint = 0;
  /** The one that was answered last, while further ones wait. */
  #answered = 0;
  /** @type {ReturnType<typeof setTimeout> | undefined} */
  #settleTimer;
  #stopListening;

  /** @param {string} url @param {Token | undefined} token */
  constructor(url, token) {
    this.url = url;
    this.token = token;
    sharedConnections.add(this);
    this.#stopListening = listenToPage((hint) => {
      this.#hint = Math.max(this.#hint, hint);
      if (hint > this.#answered) this.#answerHint();
    });
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
      topic?.delete(subscription);
      if (!topic?.size) this.topics.delete(subscription.key);
    }
    if (this.topics.size) return this.#changed();
    sharedConnections.delete(this);
    clearTimeout(this.#timer);
    clearTimeout(this.#settleTimer);
    this.#current?.close();
    this.#next?.close();
    this.#stopListening();
  }

  /** Open the next connection beside the current one, unless an attempt is under way. */
  connect() {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    this.#next ??= new Connection(this);
    this.#updateStates();
  }

  /** Find out whether the connection works, or open one; an attempt under way goes on. */
  #answerHint() {
    clearTimeout(this.#settleTimer);
    const answered = this.#answered;
    const hint = this.#hint;
    this.#answered = hint;
    this.#hint = 0;
    if (!hint) return;
    // Further hints of a flapping network are answered together.
    this.#settleTimer = setTimeout(() => this.#answerHint(), SETTLE_TIME);
    this.#attempts = 0;
    this.#next?.check();
    this.#current?.check(hint === AWAKE);
    // A connection of the previous network may be dead without notice: a new one is ready sooner.
    const renew = hint === NEW_NETWORK && answered < hint;
    if (!this.#current || this.#timer || renew) this.connect();
    this.#updateStates({}, hint);
  }

  /** Milliseconds of silence before a ping. A hidden page needs none, unless one was learned. */
  get pingInterval() {
    const chosen = [...this.#listeners()].map(({ keepAlive }) => keepAlive);
    return Math.min(...(isHidden() ? [] : chosen), this.#learned);
  }

  /** The subscriptions changed: send what they need on both connections. */
  #changed() {
    this.#current?.sendNext();
    this.#next?.sendNext();
    this.handOver();
  }

  /** The service confirmed a subscription. */
  subscribed() {
    this.#failures = 0;
    this.handOver();
  }

  /** Put the next connection into use if it has all subscriptions; tell what is so now. */
  handOver() {
    const next = this.#next;
    if (next?.opened && this.#subscriptions().every((each) => next.subscribed.has(each))) {
      const previous = this.#current;
      this.#current = next;
      this.#next = undefined;
      previous?.close();
    }
    this.#updateStates();
  }

  /** @param {Connection} connection @param {string} reason @param {number} learned */
  lost(connection, reason, learned) {
    const { socket, subscribedAt } = connection;
    if (connection === this.#current) this.#current = undefined;
    else this.#next = undefined;
    if (subscribedAt !== undefined) {
      this.#brief = performance.now() - subscribedAt < STABLE_AFTER ? this.#brief + 1 : 0;
      this.#attempts = Math.max(0, this.#brief - 1);
      this.#learned = Math.min(this.#learned, learned);
    } else if (socket) this.#failures++;
    if (this.topics.size && !this.#next && !this.#timer) {
      // A hint of the page is worth some quick attempts, also while unreachable.
      const slow = this.#unreachable && this.#attempts >= UNREACHABLE_AFTER - 1;
      const delay = slow ? unreachableDelay() : backoff(this.#attempts++);
      this.#due = performance.now() + delay;
      this.#timer = setTimeout(() => this.connect(), delay);
    }
    this.#updateStates({ reason });
  }

  /** @param {string} key @param {Notification[]} notifications @param {Phase} phase */
  deliver(key, notifications, phase) {
    for (const each of this.#subscriptions(key)) each.deliver(notifications, phase);
  }

  /** @param {string | undefined} key @param {'in' | 'out'} direction @param {string} data */
  frame(key, direction, data) {
    for (const listener of this.#listeners(key)) listener.emit('frame', { direction, data });
  }

  /**
   * Tell the watches of a topic, or all.
   * @param {object} error a frame, or a detail
   * @param {string} [key]
   */
  error(error, key) {
    for (const listener of this.#listeners(key)) listener.error(error);
  }

  get #unreachable() {
    return this.#failures >= UNREACHABLE_AFTER;
  }

  /** @param {{reason?: string, retryIn?: number}} [more] @param {number} [hint] of the page */
  #updateStates(more, hint) {
    const connection = this.#current ?? this.#next;
    const subscriptions = this.#subscriptions();
    if (!connection) more = { ...more, retryIn: this.#due - performance.now() };
    for (const listener of this.#listeners()) {
      /** @type {State} */
      let state = this.#unreachable ? 'unreachable' : 'waiting';
      if (connection) {
        const subscribed = subscriptions.every(
          (each) => each.listener !== listener || connection.subscribed.has(each),
        );
        state = subscribed ? 'subscribed' : connection.opened ? 'open' : 'connecting';
      }
      listener.enter({ state, ...more }, hint);
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
