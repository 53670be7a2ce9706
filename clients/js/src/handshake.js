// Fetches a token, and opens a socket with it.

/** @import { Token } from './index.js' */

/**
 * Rejects with the detail of an `error` event.
 * @param {string} url
 * @param {Token | undefined} token
 * @param {() => boolean} isClosed whether the socket is not wanted any more: then there is none
 */
export async function handshake(url, token, isClosed) {
  const address = new URL(url);
  await null; // The caller adds its event listeners first, and may close at once.
  if (isClosed()) return;
  let code = 'token';
  try {
    const value = await (typeof token === 'function' ? token() : token);
    if (isClosed()) return;
    if (value) address.searchParams.set('token', value);
    code = 'address';
    return new WebSocket(address.href);
  } catch (error) {
    throw { code, message: String(error), retryable: code === 'token' };
  }
}
