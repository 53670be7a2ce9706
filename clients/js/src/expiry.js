// When a connection is replaced, and when it is not served any more.

import { handoverMargin } from './timing.js';

export class Expiry {
  /** Drawn once: a repeated subscribe must not postpone the handover. @type {number | undefined} */
  #margin;
  /** @type {ReturnType<typeof setTimeout> | undefined} */
  #timer;
  #onHandover;
  #onExpired;

  /** @param {() => void} onHandover @param {() => void} onExpired */
  constructor(onHandover, onExpired) {
    this.#onHandover = onHandover;
    this.#onExpired = onExpired;
  }

  /** By the service's clock alone: the browser's may be wrong. @param {number} lifetime */
  in(lifetime) {
    this.stop();
    // NaN without an `expires_at`.
    if (!(lifetime < Infinity)) return;
    this.#margin ??= handoverMargin(lifetime);
    // At least a second, or a token that is about to expire would cause a reconnect loop.
    const untilHandover = Math.max(1_000, lifetime - this.#margin);
    this.#timer = setTimeout(() => {
      this.#timer = setTimeout(this.#onExpired, lifetime - untilHandover);
      this.#onHandover();
    }, untilHandover);
  }

  stop() {
    clearTimeout(this.#timer);
  }
}
