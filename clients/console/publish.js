// One publish over a WebSocket of its own, as a backend without a library would do it.

const PATIENCE = 10_000;

/**
 * Return the receipt, or the error frame. Throws an Error with a text for people where neither
 * came; `heard(direction, data)` is told of each frame.
 */
export function publish(url, token, notification, heard) {
  return new Promise((resolve, reject) => {
    const fail = (text) => reject(new Error(text));
    if (!url) return fail('Give the address above first.');
    const address = new URL(url);
    if (token) address.searchParams.set('token', token);
    const socket = new WebSocket(address);
    let opened = false;
    const timer = setTimeout(() => {
      fail(`No receipt within ${PATIENCE / 1000} s; it may have been published.`);
      socket.close();
    }, PATIENCE);
    socket.onopen = () => {
      opened = true;
      const text = JSON.stringify({ client: 'backend', ...notification, id: crypto.randomUUID() });
      socket.send(text);
      heard('out', text);
    };
    socket.onmessage = ({ data }) => {
      heard('in', data);
      resolve(JSON.parse(data));
      socket.close();
    };
    socket.onclose = ({ code }) => {
      clearTimeout(timer);
      fail(
        opened
          ? `The connection closed (${code}) before the receipt came.`
          : "No connection: the address, the token, this page's origin or the network is wrong; " +
              'a browser cannot see which. `ws-notify doctor` can.',
      );
    };
  });
}
