// The states of a watch, in words.

const WORDS = {
  connecting: 'connecting …',
  open: 'connected, subscribing …',
  subscribed: 'subscribed',
  waiting: 'connection lost',
  slow: 'cannot connect',
  closed: 'stopped',
};

/** Say a state, why the last connection ended, and when the next attempt comes. */
export function describe({ state, reason, retryIn }) {
  const why = reason ? ` (${reason})` : '';
  const next = retryIn === undefined ? '' : `, next attempt in ${Math.ceil(retryIn / 1000)} s`;
  return WORDS[state] + why + next;
}
