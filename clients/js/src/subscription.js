// A watch's subscription to one topic: what it asks for, and which notifications are new to it.

import { REPLAY_OVERLAP } from './timing.js';

/** @import { Notification, StateDetail } from './index.js' */

/** Ids that each subscription remembers; a replay has at most the newest 100. */
const REMEMBERED_IDS = 1_000;

/**
 * What a watch receives from its subscriptions and its shared connection.
 * @typedef {object} Listener
 * @property {(notification: Notification) => void} deliver
 * @property {(detail: StateDetail) => void} enter
 * @property {(type: 'error' | 'frame', detail: object) => void} emit
 * @property {() => void} close
 */

/** The key of a topic. The service treats a ref as the same, be it an integer or a string. */
export const topicKey = (/** @type {unknown} */ merchantId, /** @type {unknown} */ ref) =>
  JSON.stringify([merchantId, String(ref)]);

export class Subscription {
  /** @type {Set<string>} */
  #seen = new Set();
  /** Notifications sent before this, in milliseconds since 1970, were not asked for. */
  #earliest;

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
    this.key = topicKey(merchantId, ref);
    // Another subscription to the same topic may cause a longer replay than this one needs.
    this.#earliest = Date.parse(since) - REPLAY_OVERLAP;
  }

  /** Everything sent before `now` was delivered. @param {string} now */
  confirm(now) {
    this.since = now;
    // A `since` from another clock may be in the future, and must not exclude new notifications.
    this.#earliest = Math.min(this.#earliest, Date.parse(now) - REPLAY_OVERLAP);
  }

  /** Pass on what is new and not too old. @param {Notification} notification */
  deliver(notification) {
    const { id, sent_at } = notification;
    if (this.#seen.has(id) || Date.parse(sent_at) < this.#earliest) return;
    this.#seen.add(id);
    if (this.#seen.size > REMEMBERED_IDS) {
      const [oldest] = this.#seen;
      this.#seen.delete(oldest);
    }
    this.listener.deliver(notification);
  }
}
