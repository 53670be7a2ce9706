// A watch that records the ids of its notifications, and its events.

import { watchRef } from '../src/index.js';

const DEFAULTS = { url: 'wss://example.org/prod', merchantId: 'shop', ref: '7' };

export class RecordingWatch {
  heard = [];
  details = [];
  errors = [];
  frames = [];
  #watch;

  constructor(options, onNotification = () => {}) {
    this.#watch = watchRef({ ...DEFAULTS, ...options }, (notification, watch) => {
      this.heard.push(notification.id);
      onNotification(notification, watch);
    });
    this.on('state', ({ detail }) => this.details.push(detail));
    this.on('error', ({ detail }) => this.errors.push(detail));
    this.on('frame', ({ detail }) => this.frames.push(detail));
  }

  /** Every state that it entered. */
  get states() {
    return this.details.map(({ state }) => state);
  }

  get state() {
    return this.#watch.state;
  }

  get since() {
    return this.#watch.since;
  }

  on(type, listener) {
    this.#watch.addEventListener(type, listener);
  }

  close() {
    this.#watch.close();
  }
}
