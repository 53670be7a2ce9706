// One WebSocket: it opens, asks one thing at a time, and says when it is of no more use.

import { ANSWER, backoff, deadline, HANDSHAKE, KEEP_ALIVE, margin, REPLAY } from './timing.js';
import { keyOf } from './topic.js';

/** @import { Channel } from './channel.js' */
/** @import { Part } from './topic.js' */
/** @typedef {{key: string, parts: Part[], until: number}} Asked */

/**
 * An `error` carries nothing that says which frame it answers, and API Gateway runs the frames of a
 * connection at the same time: so the next one is sent when the one before is answered.
 */
export class Link {
  /** A handshake was begun. */
  tried = false;
  /** It was answered. */
  opened = false;
  /** Parts whose subscription stands. @type {WeakSet<Part>} */
  up = new WeakSet();
  /** Parts that were asked for since the last keep-alive. @type {Set<Part>} */
  #asked = new Set();
  /** Parts whose subscribe failed and is tried again. @type {Set<Part>} */
  #failed = new Set();
  /** Topics that were asked for on this socket. @type {Map<string, Part>} */
  #held = new Map();
  /** The frame that waits for its answer. @type {Asked | undefined} */
  #open;
  /** @type {WebSocket | undefined} */
  #socket;
  #ended = false;
  #tries = 0;
  /** @type {ReturnType<typeof setTimeout> | undefined} */
  #retry;
  /** @type {ReturnType<typeof setTimeout> | undefined} */
  #expiry;
  /** @type {ReturnType<typeof setInterval> | undefined} */
  #keepAlive;
  /** How long before its end this connection gets a successor. @type {number | undefined} */
  #margin;
  #channel;
  #cancel;

  /** @param {Channel} channel */
  constructor(channel) {
    this.#channel = channel;
    this.#cancel = deadline(HANDSHAKE, () => this.lost(`no ${this.tried ? 'handshake' : 'token'}`));
    this.#start();
  }

  async #start() {
    const { url, token } = this.#channel;
    const address = new URL(url);
    await null; // Not before the caller could listen to the events, nor for one that left at once.
    if (this.#ended) return;
    try {
      const value = await (typeof token === 'function' ? token() : token);
      if (value) address.searchParams.set('token', value);
    } catch (error) {
      // Told even if it comes too late: it may be why.
      this.#channel.error({ code: 'token', message: String(error), retryable: true });
      this.lost('no token');
    }
    if (this.#ended) return;
    let socket;
    try {
      socket = this.#socket = new WebSocket(address.href);
    } catch (error) {
      return this.#channel.refuse({ code: 'address', message: String(error), retryable: false });
    }
    this.tried = true;
    socket.onopen = () => {
      this.opened = true;
      this.#keepAlive = setInterval(() => this.repeat(), KEEP_ALIVE);
      this.#channel.opened();
      this.pump();
    };
    socket.onmessage = ({ data }) => this.#hear(data);
    socket.onclose = ({ code }) => this.lost(`closed with ${code}`);
    socket.onerror = () => this.lost('broken');
  }

  /** Subscribe to everything again: it keeps the connection alive, and heals what it missed. */
  repeat() {
    this.#asked.clear();
    this.pump();
  }

  /** Send the next frame, if there is one and none waits for its answer. */
  pump() {
    if (!this.opened || this.#ended || this.#open) return;
    const { topics } = this.#channel;
    for (const [key, topic] of topics) {
      const parts = [...topic];
      if (parts.every((part) => this.#asked.has(part))) continue;
      for (const part of parts) this.#asked.add(part);
      this.#held.set(key, parts[0]);
      // The earliest; an empty one, of a part that has heard nothing yet, comes first.
      const since = parts.map((part) => part.since).sort()[0] || undefined;
      return this.#ask({ client: 'frontend', ...named(parts[0]), since }, key, parts);
    }
    for (const [key, part] of this.#held) {
      if (topics.has(key)) continue;
      this.#held.delete(key);
      return this.#ask({ action: 'unsubscribe', ...named(part) }, key, []);
    }
  }

  /** @param {object} frame @param {string} key @param {Part[]} parts */
  #ask(frame, key, parts) {
    const text = JSON.stringify(frame);
    this.#open = { key, parts, until: performance.now() + REPLAY };
    this.#wait();
    this.#socket?.send(text);
    this.#channel.frame(key, 'out', text);
  }

  #wait() {
    this.#cancel();
    this.#cancel = deadline(ANSWER, () => this.lost('no answer'));
  }

  /** @param {string} text */
  #hear(text) {
    let frame;
    try {
      frame = JSON.parse(text);
    } catch {}
    const open = this.#open;
    const key = keyOf(frame?.merchant_id, frame?.ref);
    this.#channel.frame(frame?.merchant_id ? key : open?.key, 'in', text);
    if (this.#ended) return;
    if (frame?.client === 'backend') {
      // A long replay comes before its answer, and shows that the network lives.
      if (key === open?.key && performance.now() < open.until) this.#wait();
      this.#channel.deliver(key, frame);
    } else if (open && frame) {
      if (frame.type === 'subscribed' && key === open.key) this.#subscribed(frame, open.parts);
      else if (frame.type === 'unsubscribed' && key === open.key) this.#answered();
      else if (frame.type === 'error') this.#refused(frame, open);
      // What API Gateway itself answers has no `client`, e.g. {"message": "Internal server error"}.
      else if (!frame.client && frame.message) this.#refused(frame, open);
    }
  }

  #answered() {
    this.#cancel();
    this.#open = undefined;
    this.pump();
  }

  /** @param {{now: string, expires_at: string}} frame @param {Part[]} parts */
  #subscribed(frame, parts) {
    this.#tries = 0;
    for (const part of parts) {
      part.subscribed(frame.now);
      this.up.add(part);
    }
    this.#keepFor(Date.parse(frame.expires_at) - Date.parse(frame.now));
    this.#channel.settle();
    this.#answered();
  }

  /** Both times are the server's: the browser's clock may be wrong. @param {number} life */
  #keepFor(life) {
    clearTimeout(this.#expiry);
    if (Number.isNaN(life)) return;
    this.#margin ??= margin(life);
    // Never less than a second, or a token that is at its end would make a loop.
    const kept = Math.max(1_000, life - this.#margin);
    this.#expiry = setTimeout(() => {
      this.#expiry = setTimeout(() => this.lost('expired'), life - kept);
      this.#channel.connect();
    }, kept);
  }

  /** @param {any} frame @param {Asked} open */
  #refused(frame, open) {
    const { code = 'gateway', message, field, retryable = true, request_id, requestId } = frame;
    // The token has ended: what the next connection may do is said by the next token.
    if (code === 'forbidden' && field === 'exp') return this.lost(message);
    const error = { code, message, field, retryable, requestId: request_id ?? requestId };
    if (!open.parts.length) {
      // Nobody waits for an unsubscribe.
    } else if (retryable) {
      for (const part of open.parts) this.#failed.add(part);
      this.#retry ??= setTimeout(
        () => {
          this.#retry = undefined;
          for (const part of this.#failed) this.#asked.delete(part);
          this.#failed.clear();
          this.pump();
        },
        backoff(this.#tries++),
      );
      this.#channel.error(error, open.key);
    } else {
      this.#held.delete(open.key);
      this.#channel.refuse(error, open.key);
    }
    this.#answered();
  }

  /** Give this connection up; its own close event would come late, or never. */
  lost(/** @type {string} */ reason) {
    if (this.#ended) return;
    this.stop();
    this.#channel.lost(this, reason);
  }

  /** Close without a word. */
  stop() {
    this.#ended = true;
    this.#cancel();
    clearTimeout(this.#retry);
    clearTimeout(this.#expiry);
    clearInterval(this.#keepAlive);
    const socket = this.#socket;
    if (!socket) return;
    socket.onopen = socket.onmessage = socket.onclose = socket.onerror = null;
    socket.close();
  }
}

const named = (/** @type {Part} */ { merchantId, ref }) => ({ merchant_id: merchantId, ref });
