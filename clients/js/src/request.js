// A frame that waits for its response, and what came of its topic meanwhile.

import { HOLD_TIMEOUT, REPLAY_TIMEOUT } from './timing.js';

/** @import { Notification } from './index.js' */
/** @import { Subscription } from './subscription.js' */

export class Request {
  /** A replay may extend the response timeout up to this. */
  #deadline = performance.now() + REPLAY_TIMEOUT;
  /** @type {Notification[]} */
  #held = [];
  /** @type {ReturnType<typeof setTimeout> | undefined} */
  #timer;
  #onRelease;

  /**
   * @param {string} response the type of the frame that answers it
   * @param {string} key of its topic
   * @param {Subscription[]} subscriptions that a subscribe is for
   * @param {(held: Notification[]) => void} onRelease takes what was held, at least one
   */
  constructor(response, key, subscriptions, onRelease) {
    this.response = response;
    this.key = key;
    this.subscriptions = subscriptions;
    this.#onRelease = onRelease;
  }

  /**
   * Hold what may be part of a replay: a newer one may follow.
   * @param {Notification} notification
   * @returns whether it may extend the response timeout
   */
  hold(notification) {
    this.#held.push(notification);
    this.#timer ??= setTimeout(() => this.release(), HOLD_TIMEOUT);
    return performance.now() < this.#deadline;
  }

  /** Pass on what is held: the replay is complete, has failed, or takes too long. */
  release() {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    const held = this.#held.splice(0);
    if (held.length) this.#onRelease(held);
  }
}
