// What watches of one address and token share: the connection in use, and the next one.

import { Link } from './link.js';
import { backoff, HANDSHAKES, LASTED, slowly } from './timing.js';

/** @import { ErrorDetail, Notification, Token } from './index.js' */
/** @import { Part } from './topic.js' */

/** A browser does not say why a handshake failed. */
const UNREACHABLE = {
  code: 'unreachable',
  message:
    `${HANDSHAKES} handshakes in a row failed: the network may be down, ` +
    `or the token, the origin of the page or the address wrong`,
  retryable: true,
};

/** @type {Set<Channel>} */
const channels = new Set();

/** The channel of an address and a token. @param {string} url @param {Token | undefined} token */
export function channelTo(url, token) {
  for (const channel of channels) {
    if (channel.url === url && channel.token === token) return channel;
  }
  return new Channel(url, token);
}

export class Channel {
  /** Who waits for what, by topic. @type {Map<string, Set<Part>>} */
  topics = new Map();
  /** The connection in use. @type {Link | undefined} */
  #link;
  /** The one that takes over once it is subscribed. @type {Link | undefined} */
  #next;
  /** @type {ReturnType<typeof setTimeout> | undefined} */
  #timer;
  /** When the next attempt comes, while the timer runs. */
  #due = 0;
  /** Attempts since a connection lasted. */
  #tries = 0;
  /** When the connection in use took over. */
  #settled = 0;
  /** Handshakes in a row that never opened. */
  #failures = 0;

  /** @param {string} url @param {Token | undefined} token */
  constructor(url, token) {
    this.url = url;
    this.token = token;
    channels.add(this);
    globalThis.addEventListener?.('online', this.#online);
    globalThis.addEventListener?.('offline', this.#look);
    globalThis.document?.addEventListener('visibilitychange', this.#look);
    this.connect();
  }

  /** @param {Part[]} parts */
  join(parts) {
    for (const part of parts) {
      const topic = this.topics.get(part.key) ?? new Set();
      this.topics.set(part.key, topic.add(part));
    }
    // Not before the caller could listen to the events.
    queueMicrotask(() => this.#changed());
  }

  /** @param {Part[]} parts */
  leave(parts) {
    for (const part of parts) {
      const topic = this.topics.get(part.key);
      if (topic?.delete(part) && !topic.size) this.topics.delete(part.key);
    }
    if (this.topics.size) return this.#changed();
    channels.delete(this);
    clearTimeout(this.#timer);
    this.#link?.stop();
    this.#next?.stop();
    globalThis.removeEventListener?.('online', this.#online);
    globalThis.removeEventListener?.('offline', this.#look);
    globalThis.document?.removeEventListener('visibilitychange', this.#look);
  }

  /** Open the next connection, beside the one in use, unless that is under way. */
  connect() {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    this.#next ??= new Link(this);
    this.#tell();
  }

  // What was open on the network before may be dead and not know it: a new one is quicker to tell.
  #online = () => {
    this.#tries = this.#failures = 0;
    this.#next?.stop();
    this.#next = undefined;
    this.connect();
  };

  // The page is seen again, or the network left: see at once what lives.
  #look = () => {
    if (globalThis.document?.hidden) return; // A worker has a network, and no document.
    this.#tries = this.#failures = 0;
    this.#link?.repeat();
    if (!this.#link || this.#timer) this.connect();
  };

  /** Send what is due, on both connections. */
  #changed() {
    this.#link?.pump();
    this.#next?.pump();
    this.settle();
  }

  opened() {
    this.#failures = 0;
    this.#tell();
  }

  /** Let the next connection take over if all subscriptions stand there. */
  settle() {
    const next = this.#next;
    if (next?.opened && this.#parts().every((part) => next.up.has(part))) {
      this.#link?.stop();
      this.#link = next;
      this.#next = undefined;
      this.#settled = performance.now();
    }
    this.#tell();
  }

  /** @param {Link} link @param {string} reason */
  lost(link, reason) {
    if (link === this.#link) {
      this.#link = undefined;
      // One that ends as soon as it is subscribed is no reason to come back ever so quickly.
      if (performance.now() - this.#settled > LASTED) this.#tries = 0;
    } else this.#next = undefined;
    // Offline, a handshake that fails says nothing of the token or the address.
    const failed = link.tried && !link.opened && globalThis.navigator?.onLine !== false;
    if (failed && ++this.#failures === HANDSHAKES) this.error(UNREACHABLE);
    if (this.topics.size && !this.#next && !this.#timer) {
      const wait = this.#failures < HANDSHAKES ? backoff(this.#tries++) : slowly();
      this.#due = performance.now() + wait;
      this.#timer = setTimeout(() => this.connect(), wait);
    }
    this.#tell({ reason });
  }

  /** @param {string} key @param {Notification} notification */
  deliver(key, notification) {
    for (const part of [...(this.topics.get(key) ?? [])]) part.take(notification);
  }

  /** @param {string | undefined} key @param {'in' | 'out'} direction @param {string} data */
  frame(key, direction, data) {
    for (const listener of this.#listeners(key)) listener.emit('frame', { direction, data });
  }

  /** Tell the watches of a topic, or all. @param {ErrorDetail} detail @param {string} [key] */
  error(detail, key) {
    for (const listener of this.#listeners(key)) listener.emit('error', detail);
  }

  /** Tell them, and end them. @param {ErrorDetail} detail @param {string} [key] */
  refuse(detail, key) {
    for (const listener of this.#listeners(key)) {
      listener.emit('error', detail);
      listener.close();
    }
  }

  /** @param {{reason?: string, retryIn?: number}} [more] */
  #tell(more) {
    const link = this.#link ?? this.#next;
    const parts = this.#parts();
    if (!link) more = { ...more, retryIn: this.#due - performance.now() };
    for (const listener of this.#listeners()) {
      const subscribed = parts.every((part) => part.listener !== listener || link?.up.has(part));
      const up = subscribed ? 'subscribed' : 'open';
      const down = this.#failures < HANDSHAKES ? 'waiting' : 'slow';
      const state = !link ? down : link.opened ? up : 'connecting';
      listener.state({ state, ...more });
    }
  }

  /** @param {string} [key] */
  #parts(key) {
    return [...this.topics].flatMap(([each, parts]) => (!key || each === key ? [...parts] : []));
  }

  /** @param {string} [key] */
  #listeners(key) {
    return new Set(this.#parts(key).map((part) => part.listener));
  }
}
