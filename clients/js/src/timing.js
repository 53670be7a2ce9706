// Timeouts, intervals and delays, in milliseconds.

/** A response that takes longer means a dead network. */
export const RESPONSE_TIMEOUT = 5_000;

/** A replay extends that timeout up to this: API Gateway waits 29 seconds for a function. */
export const REPLAY_TIMEOUT = 30_000;

/** What may be part of a replay waits no longer for the rest of it. */
export const HOLD_TIMEOUT = 2_000;

/** For the token and the handshake together; a cold start with an authorizer takes some seconds. */
export const CONNECT_TIMEOUT = 15_000;

/** Well below the 10 minutes after which API Gateway closes an idle connection. */
export const RESUBSCRIBE_INTERVAL = 300_000;

/** Seconds of silence before a ping: less than the 55 or 60 after which many proxies close. */
export const KEEP_ALIVE = 50;

/** The least of it, in milliseconds, as chosen and as learned. */
export const MIN_KEEP_ALIVE = 10_000;

/** How long further events of a flapping network wait, to be answered together. */
export const SETTLE_TIME = 1_000;

/** After this many connections in a row without a subscription the service is unreachable. */
export const UNREACHABLE_AFTER = 3;

/** How far the service's replay reaches back before `since`. */
export const REPLAY_OVERLAP = 10_000;

/** One that was subscribed for a shorter time, again and again, does not reset the backoff. */
export const STABLE_AFTER = 1_000;

/** Exponential backoff with full jitter. @param {number} attempts */
export const backoff = (attempts) => Math.random() * Math.min(30_000, 1_000 * 2 ** attempts);

/** The delay between attempts while the service is unreachable. */
export const unreachableDelay = () => 45_000 + Math.random() * 30_000;

/**
 * How long before it expires a connection with this lifetime is replaced: half to all of a tenth,
 * at most two minutes, at random, so that many pages do not reconnect at once.
 * @param {number} lifetime
 */
export const handoverMargin = (lifetime) =>
  (Math.min(lifetime / 10, 120_000) * (1 + Math.random())) / 2;

/**
 * Call `onTimeout` after `delay`, unless the returned function is called before.
 *
 * A page in the background, or a machine that slept, runs its timers late, and may run them before
 * a response that is already queued. A timer that fires late is therefore started once more.
 * @param {number} delay
 * @param {() => void} onTimeout
 */
export function startTimeout(delay, onTimeout) {
  /** @type {ReturnType<typeof setTimeout>} */
  let timer;
  const start = (/** @type {number} */ delay, /** @type {boolean} */ first) => {
    const due = performance.now() + delay;
    timer = setTimeout(
      () => (first && performance.now() > due + 1_000 ? start(1_000, false) : onTimeout()),
      delay,
    );
  };
  start(delay, true);
  return () => clearTimeout(timer);
}
