// What a page holds: one reference or several, its state, and its events.

import { channelTo } from './channel.js';
import { Part } from './topic.js';

/** @import { Notification, State, StateDetail, Watch as Face, WatchOptions } from './index.js' */
/** @typedef {(notification: Notification, watch: Face) => unknown} OnNotification */

class Watch extends EventTarget {
  /** @type {State | undefined} */
  #state;
  #parts;
  #channel;
  #until;
  #onNotification;

  /** @param {WatchOptions} options @param {OnNotification} onNotification */
  constructor({ url, merchantId, ref, token, since, until }, onNotification) {
    super();
    const refs = [ref].flat().map((each) => String(each ?? ''));
    if (!merchantId || !refs.length || refs.includes('')) {
      throw new TypeError('watchRef needs a merchantId and a ref');
    }
    const address = new URL(url).href;
    const from = since == null ? '' : new Date(since).toISOString();
    this.#until = until;
    this.#onNotification = onNotification;
    const listener = {
      hear: this.#hear.bind(this),
      state: this.#enter.bind(this),
      emit: this.#emit.bind(this),
      close: this.close.bind(this),
    };
    this.#parts = [...new Set(refs)].map(
      (each) => new Part(listener, String(merchantId), each, from),
    );
    this.#channel = channelTo(address, token);
    this.#channel.join(this.#parts);
  }

  get state() {
    return this.#state ?? 'connecting';
  }

  get since() {
    return this.#parts.map((part) => part.since).sort()[0] || undefined;
  }

  close() {
    if (this.#state === 'closed') return;
    this.#enter({ state: 'closed' });
    this.#channel.leave(this.#parts);
  }

  /** @param {Notification} notification */
  #hear(notification) {
    if (this.#state === 'closed') return;
    guarded(() => this.#onNotification(notification, /** @type {Face} */ (this)));
    if (guarded(() => this.#until?.(notification))) this.close();
  }

  /** @param {StateDetail} detail */
  #enter(detail) {
    if (this.#state === detail.state || this.#state === 'closed') return;
    this.#state = detail.state;
    this.#emit('state', detail);
  }

  /** @param {string} type @param {object} detail */
  #emit(type, detail) {
    this.dispatchEvent(new CustomEvent(type, { detail }));
  }
}

/** Call into the page: what it throws is told as if nobody had called it, and stops nothing. */
function guarded(/** @type {() => unknown} */ call) {
  try {
    return call();
  } catch (error) {
    (globalThis.reportError ?? console.error)(error);
  }
}

/** @type {typeof import('./index.js').watchRef} */
export const watchRef = (options, onNotification) =>
  /** @type {Face} */ (new Watch(options, onNotification));
