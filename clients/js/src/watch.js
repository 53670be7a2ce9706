// What `watchRef` returns: one or several refs of a merchant, with a state and events.

import { sharedConnection } from './shared_connection.js';
import { Subscription } from './subscription.js';
import { KEEP_ALIVE, MIN_KEEP_ALIVE } from './timing.js';

/** @import { Notification, State, StateDetail, WatchOptions } from './index.js' */
/** @import { Watch as PublicWatch, watchRef as PublicWatchRef } from './index.js' */
/** @typedef {(notification: Notification, watch: PublicWatch) => unknown} OnNotification */

/** A browser does not say why a connection failed. */
const UNREACHABLE = {
  code: 'unreachable',
  message:
    'three connections in a row were never subscribed: check network, token, address, origin, ' +
    'content security policy (connect-src), and whether a proxy or antivirus blocks WebSockets',
};

class Watch extends EventTarget {
  /** @type {State | undefined} */
  #state;
  /** Whether it was told since it worked that the service is unreachable. */
  #told = false;
  #fallback;
  #subscriptions;
  #connection;
  #until;
  #onNotification;

  /** @param {WatchOptions} options @param {OnNotification} onNotification */
  constructor(options, onNotification) {
    super();
    const {
      url,
      merchantId,
      ref,
      token,
      since,
      until,
      every,
      fallback,
      keepAlive = KEEP_ALIVE,
    } = options;
    const refs = [ref].flat().map((each) => String(each ?? ''));
    if (!merchantId || !refs.length || refs.includes('')) {
      throw new TypeError('watchRef needs a merchantId and a ref');
    }
    if (!(keepAlive * 1_000 >= MIN_KEEP_ALIVE)) {
      throw new RangeError(`keepAlive is ${keepAlive}: it is in seconds, at least 10`);
    }
    const from = since == null ? '' : new Date(since).toISOString();
    this.#until = until;
    this.#onNotification = onNotification;
    const listener = {
      every,
      keepAlive: keepAlive * 1_000,
      deliver: this.#deliver.bind(this),
      enter: this.#enter.bind(this),
      error: this.#error.bind(this),
      emit: this.#emit.bind(this),
    };
    this.#subscriptions = [...new Set(refs)].map(
      (each) => new Subscription(listener, String(merchantId), each, from),
    );
    this.#fallback = fallback?.(this.#subscriptions, token);
    this.#connection = sharedConnection(new URL(url).href, token);
    this.#connection.add(this.#subscriptions);
  }

  get state() {
    return this.#state ?? 'connecting';
  }

  get since() {
    return this.#subscriptions.map(({ since }) => since).sort()[0] || undefined;
  }

  close() {
    if (this.#state === 'closed') return;
    this.#enter({ state: 'closed' });
    this.#connection.remove(this.#subscriptions);
  }

  /**
   * The newest for which `until` is true is the last. Older ones for which it is true are dropped.
   * @param {Notification[]} notifications of one moment, oldest first
   */
  #deliver(notifications) {
    const accepts = (/** @type {Notification} */ each) => !!callPage(() => this.#until?.(each));
    const accepted = notifications.length > 1 ? notifications.map(accepts) : [];
    const last = accepted.lastIndexOf(true);
    for (const [index, each] of notifications.entries()) {
      if (this.#state === 'closed') return;
      if (accepted[index] && index < last) continue;
      callPage(() => this.#onNotification(each, /** @type {PublicWatch} */ (this)));
      // Asked again when it was shown: `until` may look at what the page made of it.
      if (index === last || accepts(each)) this.close();
    }
  }

  /** @param {StateDetail} detail of the shared connection, or closed @param {number} [hint] */
  #enter(detail, hint) {
    if (this.#state === 'closed') return;
    detail = this.#fallback?.(detail, hint) ?? detail;
    const { state } = detail;
    if (this.#state === state) return;
    this.#state = state;
    this.#emit('state', detail);
    if (state === 'polling' || state === 'subscribed') this.#told = false;
    if (state === 'unreachable' && !this.#told) {
      this.#told = true;
      this.#error(UNREACHABLE);
    }
  }

  /** @param {any} error a frame of the service or of API Gateway, or a detail */
  #error({
    code = 'gateway',
    message,
    field,
    retryable = true,
    request_id,
    requestId = request_id,
  }) {
    this.#emit('error', { code, message, field, retryable, requestId });
    if (!retryable) this.close();
  }

  /** @param {string} type @param {object} detail */
  #emit(type, detail) {
    // Closed by what another watch made of the same event: only that is still told.
    if (this.#state === 'closed' && type !== 'state') return;
    this.dispatchEvent(new CustomEvent(type, { detail }));
  }
}

/** Call a function of the page; report what it throws like an uncaught error, and go on. */
function callPage(/** @type {() => unknown} */ call) {
  try {
    return call();
  } catch (error) {
    (globalThis.reportError ?? console.error)(error);
  }
}

/** @type {typeof PublicWatchRef} */
export const watchRef = (options, onNotification) =>
  /** @type {PublicWatch} */ (new Watch(options, onNotification));
