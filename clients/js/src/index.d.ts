/** What a backend published, with `id` and `sent_at` (RFC 3339 in UTC) from the service. */
export interface Notification {
  client: 'backend';
  merchant_id: string;
  ref: string | number;
  project: string;
  type: string;
  status: 'done' | 'failed';
  message: string;
  id: string;
  sent_at: string;
  [field: string]: unknown;
}

/** A token, or a function that fetches one; it is asked before each connect. */
export type Token = string | (() => string | undefined | Promise<string | undefined>);

export interface WatchOptions {
  /** The stack's output `WebsocketConnectEndpointURL`, `wss://…`. */
  url: string;
  merchantId: string;
  /** One reference, or several. */
  ref: string | number | readonly (string | number)[];
  /** Watches of one `url` and the same `token` (the same string or function) share a socket. */
  token?: Token;
  /** Hear only what came later: the `since` of an earlier watch, never the browser's clock. */
  since?: string;
  /** Says of a notification that it was the last one to wait for: the whole watch closes. */
  until?: (notification: Notification) => boolean;
}

/**
 * `connecting`: a token is fetched, or a handshake under way. `open`: not subscribed yet.
 * `subscribed`: to every ref. `waiting`: until the next attempt. `slow`: the same, after three
 * handshakes in a row that never opened. `closed`: for good.
 */
export type State = 'connecting' | 'open' | 'subscribed' | 'waiting' | 'slow' | 'closed';

export interface StateDetail {
  state: State;
  /** Why the last connection, or the attempt at one, ended. */
  reason?: string;
  /** Milliseconds until the next attempt, of `waiting` and `slow`. */
  retryIn?: number;
}

/**
 * An `error` frame of the service by its `code`, or `gateway` (API Gateway answered instead),
 * `token` (the function threw), `address` (no WebSocket can be made of it), `unreachable` (three
 * handshakes in a row never opened). After one that is not `retryable` the watch is closed.
 */
export interface ErrorDetail {
  code: string;
  message: string;
  retryable: boolean;
  field?: string;
  /** Finds the call in the service's logs. */
  requestId?: string;
}

/** A frame as it went over the socket. */
export interface FrameDetail {
  direction: 'in' | 'out';
  data: string;
}

export interface WatchEvents {
  state: CustomEvent<StateDetail>;
  error: CustomEvent<ErrorDetail>;
  frame: CustomEvent<FrameDetail>;
}

export interface Watch extends EventTarget {
  readonly state: State;
  /** The server's time up to which this watch has heard all: a `since` for after a reload. */
  readonly since: string | undefined;
  /** Stop hearing; the socket closes with the last watch that shares it. */
  close(): void;
  addEventListener<K extends keyof WatchEvents>(
    type: K,
    listener: (event: WatchEvents[K]) => unknown,
    options?: boolean | AddEventListenerOptions,
  ): void;
  addEventListener(
    type: string,
    listener: EventListenerOrEventListenerObject | null,
    options?: boolean | AddEventListenerOptions,
  ): void;
  removeEventListener<K extends keyof WatchEvents>(
    type: K,
    listener: (event: WatchEvents[K]) => unknown,
    options?: boolean | EventListenerOptions,
  ): void;
  removeEventListener(
    type: string,
    listener: EventListenerOrEventListenerObject | null,
    options?: boolean | EventListenerOptions,
  ): void;
}

/**
 * Call `onNotification` once for each notification of a merchant's reference, until closed.
 *
 * Throws TypeError or RangeError for an address, a `merchantId`, a `ref` or a `since` that is none.
 */
export function watchRef(
  options: WatchOptions,
  onNotification: (notification: Notification, watch: Watch) => unknown,
): Watch;
