// When an open connection is due for a ping, or for its repeated subscribe.

import { MIN_KEEP_ALIVE, RESUBSCRIBE_INTERVAL } from './timing.js';

export class KeepAlive {
  /** The handshake is not a silence. */
  #heardAt = Infinity;
  /** The longest silence that was followed by a frame. */
  #survived = 0;
  #resubscribeAt = 0;
  /** @type {ReturnType<typeof setTimeout> | undefined} */
  #timer;
  #pingInterval;
  #onDue;

  /**
   * @param {() => number} pingInterval milliseconds of silence before a ping
   * @param {(resubscribe: boolean) => void} onDue
   */
  constructor(pingInterval, onDue) {
    this.#pingInterval = pingInterval;
    this.#onDue = onDue;
    this.resubscribed();
  }

  get #silence() {
    return performance.now() - this.#heardAt;
  }

  /** The ping interval for a network on which the present silence is the end of a connection. */
  get learned() {
    const learned = (this.#silence * 2) / 3;
    // It survived such a silence before, or no ping would be in time: then this has another cause.
    if (learned <= this.#survived || this.#silence < MIN_KEEP_ALIVE) return Infinity;
    return Math.max(MIN_KEEP_ALIVE, learned);
  }

  /** All subscribes are sent again now. */
  resubscribed() {
    this.#resubscribeAt = performance.now() + RESUBSCRIBE_INTERVAL;
  }

  /** A frame came. What is sent when it is due brings another, or the end of the connection. */
  heard() {
    this.#survived = Math.max(this.#survived, this.#silence);
    this.#heardAt = performance.now();
    this.#wait();
  }

  #wait() {
    this.stop();
    const resubscribe = this.#resubscribeAt - performance.now();
    const delay = Math.min(resubscribe, this.#pingInterval() - this.#silence);
    if (delay <= 0) this.#onDue(resubscribe <= 0);
    else this.#timer = setTimeout(() => this.#wait(), delay);
  }

  stop() {
    clearTimeout(this.#timer);
  }
}
