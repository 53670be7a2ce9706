// When things happen: every figure in milliseconds, and the ways of waiting.

/** An answer that takes longer means a dead network. */
export const ANSWER = 5_000;

/** A replay may put the answer off up to here: API Gateway waits 29 seconds for a function. */
export const REPLAY = 30_000;

/** The token and the handshake together; a first start with an authorizer takes some seconds. */
export const HANDSHAKE = 15_000;

/** Well under the 10 minutes after which API Gateway closes a silent connection. */
export const KEEP_ALIVE = 300_000;

/** So many handshakes in a row that never opened are told, and followed by slow attempts. */
export const HANDSHAKES = 3;

/** How far a replay may reach back behind its `since`. */
export const OVERLAP = 10_000;

/** Exponential backoff with full jitter. @param {number} tries */
export const backoff = (tries) => Math.random() * Math.min(30_000, 1_000 * 2 ** tries);

/** The wait between attempts that are not likely to help. */
export const slowly = () => 45_000 + Math.random() * 30_000;

/** A connection that lasted as long makes the next wait short again. */
export const LASTED = 60_000;

/**
 * How long before its end a connection that is served for `life` gets a successor: a tenth, at
 * most two minutes, and not the same for everybody.
 * @param {number} life
 */
export const margin = (life) => (Math.min(life / 10, 120_000) * (1 + Math.random())) / 2;

/**
 * Call `missed` after `wait`, unless the returned function is called before.
 *
 * A page in the background, or a machine that slept, runs its timers late, and perhaps before the
 * answer that lies in the queue: who looks late looks a second time.
 * @param {number} wait
 * @param {() => void} missed
 */
export function deadline(wait, missed) {
  /** @type {ReturnType<typeof setTimeout>} */
  let timer;
  const look = (/** @type {number} */ wait, /** @type {boolean} */ first) => {
    const due = performance.now() + wait;
    timer = setTimeout(
      () => (first && performance.now() > due + 1_000 ? look(1_000, false) : missed()),
      wait,
    );
  };
  look(wait, true);
  return () => clearTimeout(timer);
}
