// One publish over its own WebSocket, as a backend without a library does it.

const RECEIPT_TIMEOUT = 10_000; // milliseconds

/**
 * Return the receipt or the error frame; call `onFrame(direction, data)` with each frame. Throws an
 * Error with a message for the user if neither came.
 */
export function publish(url, token, notification, onFrame) {
  return new Promise((resolve, reject) => {
    const fail = (text) => reject(new Error(text));
    if (!url) return fail('Enter the address above first.');
    const address = new URL(url);
    if (token) address.searchParams.set('token', token);
    const socket = new WebSocket(address);
    let opened = false;
    const timer = setTimeout(() => {
      fail(`No receipt within ${RECEIPT_TIMEOUT / 1000} s; the notification may be published.`);
      socket.close();
    }, RECEIPT_TIMEOUT);
    socket.onopen = () => {
      opened = true;
      const text = JSON.stringify({ client: 'backend', ...notification, id: randomId() });
      socket.send(text);
      onFrame('out', text);
    };
    socket.onmessage = ({ data }) => {
      onFrame('in', data);
      resolve(JSON.parse(data));
      socket.close();
    };
    socket.onclose = ({ code }) => {
      clearTimeout(timer);
      fail(
        opened
          ? `The connection closed (${code}) before the receipt arrived.`
          : "No connection: check the address, the token, this page's origin and the network. " +
              'A browser does not say which it is; `ws-notify doctor` does.',
      );
    };
  });
}

// Not `crypto.randomUUID`, which a page without TLS that is not on loopback does not have.
const randomId = () =>
  Array.from(crypto.getRandomValues(new Uint8Array(16)), (byte) =>
    byte.toString(16).padStart(2, '0'),
  ).join('');
