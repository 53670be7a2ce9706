// A clock, a network and a page that a test turns by hand, and a watch that notes what it hears.

import { getEventListeners } from 'node:events';
import { setImmediate } from 'node:timers/promises';
import { watchRef } from '../src/index.js';
import { FakeSocket, HOUR, MINUTE } from './socket.js';

export { HOUR, MINUTE, SECOND } from './socket.js';

/** The server's clock when a test begins, far from the browser's. */
const EPOCH = Date.UTC(2031, 4, 6);

/** The watches of the test that runs: what it leaves open, the next one would share. */
const watches = new Set();

export class World {
  /** Milliseconds on the page's monotonic clock. */
  now = 0;
  /** What `Math.random` returns. */
  random = 0.5;
  /** Every socket that was asked for, oldest first. */
  sockets = [];
  #timers = new Map();
  #ids = 0;

  /** Put the clock and the network in place until the test `t` ends. */
  constructor(t) {
    const timer = (call, wait = 0, every = false) => {
      const due = this.now + Math.max(1, wait || 0);
      this.#timers.set(++this.#ids, { due, call, every: every && wait });
      return this.#ids;
    };
    const clear = (id) => void this.#timers.delete(id);
    t.mock.method(globalThis, 'setTimeout', (call, wait) => timer(call, wait));
    t.mock.method(globalThis, 'setInterval', (call, wait) => timer(call, wait, true));
    t.mock.method(globalThis, 'clearTimeout', clear);
    t.mock.method(globalThis, 'clearInterval', clear);
    t.mock.method(performance, 'now', () => this.now);
    t.mock.method(Math, 'random', () => this.random);
    t.mock.method(Date, 'now', () => {
      throw new Error('the clock of the browser may be wrong');
    });
    t.after(() => {
      for (const watch of watches) watch.close();
      watches.clear();
    });
    const world = this;
    this.#replace(t, 'WebSocket', function WebSocket(url) {
      if (!/^wss?:/.test(url)) throw new SyntaxError(`${url} is no address`);
      const socket = new FakeSocket(world, url);
      world.sockets.push(socket);
      return socket;
    });
  }

  #replace(t, name, value) {
    const before = Object.getOwnPropertyDescriptor(globalThis, name);
    Object.defineProperty(globalThis, name, { value, configurable: true, writable: true });
    t.after(() => {
      if (before) Object.defineProperty(globalThis, name, before);
      else delete globalThis[name];
    });
  }

  /** Put a page in place: what a browser has and Node has not; a worker has no document. */
  browse(t, { worker = false } = {}) {
    const [window, document] = [new EventTarget(), new EventTarget()];
    const navigator = { onLine: true };
    if (!worker) this.#replace(t, 'document', Object.assign(document, { hidden: false }));
    this.#replace(t, 'navigator', navigator);
    this.#replace(t, 'addEventListener', window.addEventListener.bind(window));
    this.#replace(t, 'removeEventListener', window.removeEventListener.bind(window));
    const fire = async (target, type) => {
      target.dispatchEvent(new Event(type));
      await this.settle();
    };
    const network = (onLine) => {
      navigator.onLine = onLine;
      return fire(window, onLine ? 'online' : 'offline');
    };
    const look = (hidden) => {
      document.hidden = hidden;
      return fire(document, 'visibilitychange');
    };
    return {
      online: () => network(true),
      offline: () => network(false),
      hide: () => look(true),
      show: () => look(false),
      listeners: () =>
        ['online', 'offline'].flatMap((type) => getEventListeners(window, type)).length +
        getEventListeners(document, 'visibilitychange').length,
    };
  }

  /** The newest socket. */
  get socket() {
    return this.sockets.at(-1);
  }

  /** The token of each socket. */
  get tokens() {
    return this.sockets.map((socket) => socket.token);
  }

  /** What the server's clock says, some milliseconds from now. */
  time(later = 0) {
    return new Date(EPOCH + this.now + later).toISOString();
  }

  /** How many timers run. */
  get timers() {
    return this.#timers.size;
  }

  /** Let everything happen that waits for no time to pass. */
  async settle() {
    await setImmediate();
  }

  /** Let time pass, each timer in its moment. */
  async advance(wait) {
    const end = this.now + wait;
    await this.settle();
    while (this.#tick(end)) await this.settle();
    this.now = Math.max(this.now, end);
  }

  /** Run the timer that is next, if it is due by then. */
  #tick(end) {
    const [id, next] = [...this.#timers].sort(([, a], [, b]) => a.due - b.due)[0] ?? [];
    if (!next || next.due > end) return false;
    this.now = Math.max(this.now, next.due);
    if (next.every) next.due = this.now + next.every;
    else this.#timers.delete(id);
    next.call();
    return true;
  }

  /** Let time pass, timer by timer, until something is so; return how long it took. */
  async until(so, patience = 12 * HOUR) {
    const began = this.now;
    for (;;) {
      await this.settle();
      if (so()) return this.now - began;
      if (!this.#tick(began + patience)) throw new Error(`in vain: ${so}`);
    }
  }

  /** How long the page waits before it opens the next socket. */
  async wait() {
    const before = this.sockets.length;
    return this.until(() => this.sockets.length > before, 10 * MINUTE);
  }

  /** Fail so many handshakes; return the waits. */
  async failures(times) {
    const waits = [];
    while (waits.length < times) {
      this.socket.drop();
      waits.push(await this.wait());
    }
    return waits;
  }

  /** Let time pass while nothing runs, as on a machine that sleeps; timers then come late. */
  async sleep(wait) {
    this.now += wait;
    await this.advance(0);
  }
}

/** A watch that notes what it hears, by id, and its events. */
export class Ear {
  heard = [];
  details = [];
  errors = [];
  frames = [];

  constructor(options = {}, onNotification = () => {}) {
    const address = { url: 'wss://example.org/prod', merchantId: 'shop', ref: '7' };
    this.watch = watchRef({ ...address, ...options }, (notification, watch) => {
      this.heard.push(notification.id);
      onNotification(notification, watch);
    });
    watches.add(this.watch);
    this.watch.addEventListener('state', ({ detail }) => this.details.push(detail));
    this.watch.addEventListener('error', ({ detail }) => this.errors.push(detail));
    this.watch.addEventListener('frame', ({ detail }) => this.frames.push(detail));
  }

  get states() {
    return this.details.map(({ state }) => state);
  }
}

/** A watch whose only socket is open and subscribed. */
export async function listening(world, options, onNotification) {
  const ear = new Ear(options, onNotification);
  await world.settle();
  world.socket.serve();
  return ear;
}

/** A token function that gives out `1`, `2`, … */
export const counting = () => {
  let count = 0;
  return async () => String(++count);
};
