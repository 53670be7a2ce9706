// A watch's subscription to one topic: what it asks for, and what it passes on, by the rule "the
// last word" of docs/protocol.md.

import { REPLAY_OVERLAP } from './timing.js';

/** @import { Notification, StateDetail } from './index.js' */

/** Ids that each subscription remembers; a replay has at most the newest 100. */
const REMEMBERED_IDS = 1_000;

/**
 * What a watch receives from its subscriptions and its shared connection.
 * @typedef {object} Listener
 * @property {boolean | undefined} every whether it takes everything, as it comes
 * @property {number} keepAlive milliseconds of silence before a ping, at most
 * @property {(notifications: Notification[]) => void} deliver those of one moment, oldest first
 * @property {(detail: StateDetail, hint?: number) => void} enter `hint`: see page.js
 * @property {(frame: object) => void} error tell of it; close if it is not retryable
 * @property {(type: 'frame', detail: object) => void} emit
 */

/**
 * How a notification comes: `live` after the subscribe was confirmed; `held` before that, and once
 * more as `replayed` when the hold ends.
 * @typedef {'live' | 'held' | 'replayed'} Phase
 */

/** The key of a topic. The service treats a ref as the same, be it an integer or a string. */
export const topicKey = (/** @type {unknown} */ merchantId, /** @type {unknown} */ ref) =>
  JSON.stringify([merchantId, String(ref)]);

/** The key of a frame that is of no topic, such as a ping and its pong. */
export const NO_TOPIC = topicKey(undefined, undefined);

export class Subscription {
  /** @type {Set<string>} */
  #seen = new Set();
  /** When the newest that was passed on was sent, by type. @type {Map<string, number>} */
  #newest = new Map();
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
    /** As a frame names it. */
    this.topic = { merchant_id: merchantId, ref };
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

  /** Pass on what is new, and not superseded. @param {Notification[]} all @param {Phase} phase */
  deliver(all, phase) {
    const { deliver, every } = this.listener;
    if (phase === 'held' && !every) return;
    let notifications = all.filter((each) => this.#isNew(each));
    if (every) {
      for (const each of notifications) deliver([each]);
      return;
    }
    if (phase === 'replayed') notifications = this.#lastWord(notifications);
    for (const each of notifications) {
      this.#newest.set(each.type, Math.max(sentAt(each) || 0, this.#newestOf(each)));
    }
    if (notifications.length) deliver(notifications);
  }

  /** The newest of each type, oldest first, unless a newer one was passed on before. */
  #lastWord(/** @type {Notification[]} */ notifications) {
    notifications.sort((a, b) => sentAt(a) - sentAt(b));
    const last = new Map(notifications.map((each) => [each.type, each]));
    return notifications.filter(
      (each) => last.get(each.type) === each && !(sentAt(each) < this.#newestOf(each)),
    );
  }

  #newestOf(/** @type {Notification} */ { type }) {
    return this.#newest.get(type) ?? 0;
  }

  /** Whether it is seen for the first time, and not too old. @param {Notification} notification */
  #isNew(notification) {
    const { id } = notification;
    if (this.#seen.has(id) || sentAt(notification) < this.#earliest) return false;
    this.#seen.add(id);
    if (this.#seen.size > REMEMBERED_IDS) {
      const [oldest] = this.#seen;
      this.#seen.delete(oldest);
    }
    return true;
  }
}

const sentAt = (/** @type {Notification} */ { sent_at }) => Date.parse(sent_at);
