// The states of a watch, as text.

const TEXTS = {
  connecting: 'connecting …',
  open: 'connected, subscribing …',
  subscribed: 'subscribed',
  polling: 'asking over HTTPS',
  waiting: 'connection lost',
  unreachable: 'cannot connect',
  closed: 'stopped',
};

/** Describe a state, why the last connection ended, and when the next attempt is due. */
export function describe({ state, reason, retryIn }) {
  if (state === 'polling') return TEXTS[state]; // it works, whatever became of the last connection
  const cause = reason ? ` (${reason})` : '';
  const next = retryIn === undefined ? '' : `, next attempt in ${Math.ceil(retryIn / 1000)} s`;
  return TEXTS[state] + cause + next;
}
