// What a page tells of its network, its visibility and its sleep. A worker has no document, Node
// neither of them.

/** What an event is a hint of; of several, the greatest counts. */
export const NEW_NETWORK = 3;
export const AWAKE = 2;
const OTHER_QUALITY = 1;

/** @type {Record<string, number>} */
const HINTS = {
  online: NEW_NETWORK,
  pageshow: NEW_NETWORK,
  offline: AWAKE,
  resume: AWAKE,
  visibilitychange: AWAKE,
  change: OTHER_QUALITY,
};

/** @type {() => boolean | undefined} */
export const isHidden = () => globalThis.document?.hidden;

/** Call `onHint` with each; return how to stop. @param {(hint: number) => void} onHint */
export function listenToPage(onHint) {
  const listener = (/** @type {any} */ { type, persisted }) => {
    // A page that comes back from the back/forward cache lost its socket without an event.
    if (type === 'pageshow' ? persisted : type !== 'visibilitychange' || !isHidden()) {
      onHint(HINTS[type]);
    }
  };
  const add = (/** @type {string} */ method) => {
    for (const type in HINTS) {
      // Not of the page: the fields of a form have a `change`, too. Captured: the events of the
      // document need not bubble.
      const page = /** @type {any} */ (globalThis);
      const target = type === 'change' ? page.navigator?.connection : page;
      target?.[method]?.(type, listener, { capture: true });
    }
  };
  add('addEventListener');
  return () => add('removeEventListener');
}
