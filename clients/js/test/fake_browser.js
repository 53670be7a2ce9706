// A browser whose clock, network and page a test controls, and its watches.

import { getEventListeners } from 'node:events';
import { setImmediate } from 'node:timers/promises';
import { FakeRequest } from './fake_request.js';
import { FakeSocket, HOUR, MINUTE } from './fake_socket.js';
import { RecordingWatch } from './recording_watch.js';

export { HOUR, MINUTE, SECOND } from './fake_socket.js';

/** The server's clock when a test begins, far from the browser's. */
const EPOCH = Date.UTC(2031, 4, 6);

const PAGE_EVENTS = ['online', 'offline', 'pageshow', 'visibilitychange', 'resume', 'change'];

export class FakeBrowser {
  /** Milliseconds on the monotonic clock. */
  now = 0;
  /** What `Math.random` returns. */
  random = 0.5;
  /** Every socket that was opened, oldest first. */
  sockets = [];
  /** Every request over HTTPS, oldest first. */
  requests = [];
  #t;
  #timers = new Map();
  #ids = 0;
  #watches = [];

  /** Replace clock, timers and network until the test `t` ends. */
  constructor(t) {
    this.#t = t;
    const start = (callback, delay = 0, repeats = false) => {
      const due = this.now + Math.max(1, delay || 0);
      this.#timers.set(++this.#ids, { due, callback, every: repeats && delay });
      return this.#ids;
    };
    const clear = (id) => void this.#timers.delete(id);
    t.mock.method(globalThis, 'setTimeout', (callback, delay) => start(callback, delay));
    t.mock.method(globalThis, 'setInterval', (callback, delay) => start(callback, delay, true));
    t.mock.method(globalThis, 'clearTimeout', clear);
    t.mock.method(globalThis, 'clearInterval', clear);
    t.mock.method(performance, 'now', () => this.now);
    t.mock.method(Math, 'random', () => this.random);
    t.mock.method(Date, 'now', () => {
      throw new Error("the browser's clock may be wrong: use the server's");
    });
    // A watch that stays open would share its connection with the next test's.
    t.after(() => {
      for (const watch of this.#watches) watch.close();
    });
    const browser = this;
    this.#replace('WebSocket', function WebSocket(url) {
      if (!/^wss?:/.test(url)) throw new SyntaxError(`${url} is not a WebSocket's address`);
      const socket = new FakeSocket(browser, url);
      browser.sockets.push(socket);
      return socket;
    });
    WebSocket.OPEN = 1;
    this.#replace('fetch', (url, options) => {
      const request = new FakeRequest(this, url, options);
      this.requests.push(request);
      return request.response;
    });
  }

  #replace(name, value) {
    const before = Object.getOwnPropertyDescriptor(globalThis, name);
    Object.defineProperty(globalThis, name, { value, configurable: true, writable: true });
    this.#t.after(() => {
      if (before) Object.defineProperty(globalThis, name, before);
      else delete globalThis[name];
    });
  }

  /** Add the globals of a page, or of a worker, which has no document; return their controls. */
  page({ worker = false } = {}) {
    const [window, document] = [new EventTarget(), new EventTarget()];
    const navigator = { onLine: true, connection: new EventTarget() };
    if (!worker) this.#replace('document', Object.assign(document, { hidden: false }));
    this.#replace('navigator', navigator);
    this.#replace('addEventListener', window.addEventListener.bind(window));
    this.#replace('removeEventListener', window.removeEventListener.bind(window));
    const fire = async (target, type, more) => {
      // The way of an event of the document begins at the window.
      for (const each of target === document ? [window, document] : [target]) {
        each.dispatchEvent(Object.assign(new Event(type), more));
      }
      await this.settle();
    };
    const network = (onLine) => {
      navigator.onLine = onLine;
      return fire(window, onLine ? 'online' : 'offline');
    };
    const visibility = (hidden) => {
      document.hidden = hidden;
      return fire(document, 'visibilitychange');
    };
    return {
      online: () => network(true),
      offline: () => network(false),
      hide: () => visibility(true),
      show: () => visibility(false),
      restore: (persisted) => fire(window, 'pageshow', { persisted }),
      resume: () => fire(document, 'resume'),
      change: () => fire(navigator.connection, 'change'),
      edit: () => fire(document, 'change'),
      listeners: () =>
        [window, document, navigator.connection]
          .flatMap((target) => PAGE_EVENTS.map((type) => getEventListeners(target, type).length))
          .reduce((sum, count) => sum + count),
    };
  }

  watch(options, onNotification) {
    const watch = new RecordingWatch(options, onNotification);
    this.#watches.push(watch);
    return watch;
  }

  /** A watch on a new socket that is open and has answered all that was sent. */
  async subscribedWatch(options, onNotification) {
    const watch = this.watch(options, onNotification);
    await this.settle();
    this.socket.serve();
    return watch;
  }

  /** The newest socket. */
  get socket() {
    return this.sockets.at(-1);
  }

  /** The newest request over HTTPS. */
  get request() {
    return this.requests.at(-1);
  }

  /** The token of each socket. */
  get tokens() {
    return this.sockets.map((socket) => socket.token);
  }

  /** How many timers run. */
  get timers() {
    return this.#timers.size;
  }

  /** The server's clock, some milliseconds from now. */
  serverTime(later = 0) {
    return new Date(EPOCH + this.now + later).toISOString();
  }

  /** Run everything that needs no time to pass. */
  async settle() {
    await setImmediate();
  }

  /** Let time pass, running each timer when it is due. */
  async advance(delay) {
    const end = this.now + delay;
    await this.settle();
    while (this.#runNextTimer(end)) await this.settle();
    this.now = Math.max(this.now, end);
  }

  #runNextTimer(end) {
    const [id, next] = [...this.#timers].sort(([, a], [, b]) => a.due - b.due)[0] ?? [];
    if (!next || next.due > end) return false;
    this.now = Math.max(this.now, next.due);
    if (next.every) next.due = this.now + next.every;
    else this.#timers.delete(id);
    next.callback();
    return true;
  }

  /** Let time pass, timer by timer, until a condition holds; return how long it took. */
  async until(condition, timeout = 12 * HOUR) {
    const start = this.now;
    for (;;) {
      await this.settle();
      if (condition()) return this.now - start;
      if (!this.#runNextTimer(start + timeout)) throw new Error(`never true: ${condition}`);
    }
  }

  /** Let time pass until the next socket is opened; return how long it took. */
  async nextSocket() {
    const before = this.sockets.length;
    return this.until(() => this.sockets.length > before, 10 * MINUTE);
  }

  /** Let time pass until the next request over HTTPS; return how long it took. */
  async nextRequest() {
    const before = this.requests.length;
    return this.until(() => this.requests.length > before, 10 * MINUTE);
  }

  /** Fail handshakes, one after the other; return the delays before the next attempts. */
  async failHandshakes(count) {
    const delays = [];
    while (delays.length < count) {
      this.socket.drop();
      delays.push(await this.nextSocket());
    }
    return delays;
  }

  /** Let time pass while no timer runs, as on a machine that sleeps; due timers then run late. */
  async sleep(delay) {
    this.now += delay;
    await this.advance(0);
  }
}

/** A token function that returns `1`, `2`, … */
export const countingTokens = () => {
  let count = 0;
  return async () => String(++count);
};
