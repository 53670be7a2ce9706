// A watch that asks over HTTPS, for tests of the fallback.

import { polling } from '../src/polling.js';
import { SECOND } from './fake_browser.js';

export const FALLBACK = { fallback: polling('https://example.org/prod') };

/** A watch whose handshakes hang, until its first request. */
export async function asking(browser, options) {
  const watch = browser.watch({ ...FALLBACK, ...options });
  await browser.nextRequest();
  return watch;
}

/** Answer requests for so long with nothing; return the times between them, in seconds. */
export async function paces(browser, duration) {
  const paces = [];
  for (const end = browser.now + duration; browser.now < end; ) {
    await browser.request.answer();
    paces.push((await browser.nextRequest()) / SECOND);
  }
  return paces;
}
