import type { Fallback } from './index.js';

/**
 * The `fallback` of a watch: not subscribed for 5 seconds, it asks for notifications over HTTPS, about
 * every 2.5 seconds, more seldom as nothing comes, until the WebSocket is subscribed.
 *
 * `httpUrl` is the stack's output `HttpEndpointURL`, `https://…`, which a content security policy has
 * to list, too. Throws TypeError if it is not valid.
 */
export function polling(httpUrl: string): Fallback;
