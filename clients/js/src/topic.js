// What a connection waits for: a merchant's reference, and each watch's part in it.

import { OVERLAP } from './timing.js';

/** @import { Notification, StateDetail } from './index.js' */

/** Ids that each part remembers; a replay holds at most the newest 100. */
const REMEMBERED = 1_000;

/**
 * What a watch is to its connection.
 * @typedef {object} Listener
 * @property {(notification: Notification) => void} hear
 * @property {(detail: StateDetail) => void} state
 * @property {(type: 'error' | 'frame', detail: object) => void} emit
 * @property {() => void} close
 */

/** The key of a topic; a ref comes as an integer or as a string, which are the same. */
export const keyOf = (/** @type {unknown} */ merchantId, /** @type {unknown} */ ref) =>
  JSON.stringify([merchantId, String(ref)]);

/** A watch's part in one topic: since when, and what it has seen. */
export class Part {
  /** @type {Set<string>} */
  #seen = new Set();
  #floor;

  /**
   * @param {Listener} listener
   * @param {string} merchantId
   * @param {string} ref
   * @param {string} since RFC 3339 with milliseconds in UTC, or empty for everything
   */
  constructor(listener, merchantId, ref, since) {
    this.listener = listener;
    this.merchantId = merchantId;
    this.ref = ref;
    this.since = since;
    this.key = keyOf(merchantId, ref);
    // Another part of the same topic may ask for a longer replay than this one did.
    this.#floor = Date.parse(since) - OVERLAP;
  }

  /** The subscription stands, and all that was said before is heard. @param {string} now */
  subscribed(now) {
    this.since = now;
    // A `since` that is no server's time may lie ahead, and must not shut out what comes.
    this.#floor = Math.min(this.#floor, Date.parse(now) - OVERLAP);
  }

  /** Pass on what this part has not seen. @param {Notification} notification */
  take(notification) {
    const { id, sent_at } = notification;
    if (this.#seen.has(id) || Date.parse(sent_at) < this.#floor) return;
    this.#seen.add(id);
    if (this.#seen.size > REMEMBERED) {
      const [oldest] = this.#seen;
      this.#seen.delete(oldest);
    }
    this.listener.hear(notification);
  }
}
