/** What a backend published, plus `id` and `sent_at` (RFC 3339 in UTC) from the service. */
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

/** A token, or a function that fetches one and is called before each connect. */
export type Token = string | (() => string | undefined | Promise<string | undefined>);

export interface WatchOptions {
  /** The stack's output `WebsocketConnectEndpointURL`, `wss://…`. */
  url: string;
  merchantId: string;
  /** One reference, or several. */
  ref: string | number | readonly (string | number)[];
  /** Watches with the same `url` and `token` (the same string or function) share a connection. */
  token?: Token | undefined;
  /**
   * Only what was sent later: the `since` of an earlier watch, or when a payment's attempt began by the
   * backend's clock, never the browser's. The replay begins 10 seconds before it.
   */
  since?: string | undefined;
  /**
   * Whether this notification is the last one to wait for: if so, the whole watch closes. Of several
   * that are known at once, the newest for which it is true decides; of these it is asked before each is
   * delivered, and once more after that. Count in the callback, not here.
   */
  until?: ((notification: Notification) => boolean) | undefined;
  /**
   * Every notification, as it comes. Without it, what a subscribe replays is held until it is
   * complete, for at most 2 seconds, and of each type only the newest is delivered.
   */
  every?: boolean | undefined;
  /**
   * Seconds without a frame after which a ping asks whether the connection still works, at least 10
   * (default: 50). A hidden page sends none. After a silence that a connection did not survive, pings
   * come after two thirds of it, where that is less.
   */
  keepAlive?: number | undefined;
  /** `polling(httpUrl)` of `ws-notify/polling`: what to do on a network that blocks WebSockets. */
  fallback?: Fallback | undefined;
}

/** What `polling` returns; its parameters are internal. */
export type Fallback = (
  // biome-ignore lint/suspicious/noExplicitAny: not part of the interface
  subscriptions: any,
  token?: Token,
) => (detail: StateDetail, hint?: number) => StateDetail;

/**
 * `connecting`: fetching a token, or in the handshake. `open`: connected, not subscribed yet.
 * `subscribed`: to every ref. `polling`: by its fallback it hears of every ref, some seconds late.
 * `waiting`: until the next attempt. `unreachable`: the same, after three connections in a row that
 * were never subscribed, and requests of the fallback that failed, too. `closed`: for good.
 */
export type State =
  | 'connecting'
  | 'open'
  | 'subscribed'
  | 'polling'
  | 'waiting'
  | 'unreachable'
  | 'closed';

export interface StateDetail {
  state: State;
  /** Why the last connection, or the attempt at one, ended. */
  reason?: string;
  /** Milliseconds until the next attempt at a connection, where none is under way. */
  retryIn?: number;
}

/**
 * The `code` is that of the service's `error` frame, or `gateway` (API Gateway answered instead),
 * `token` (the function failed), `address` (not valid for a WebSocket) or `unreachable` (three
 * connections in a row were never subscribed). After an error that is not `retryable` the watch is closed.
 */
export interface ErrorDetail {
  code: string;
  message: string;
  retryable: boolean;
  field?: string;
  /** Finds the call in the service's logs. */
  requestId?: string;
}

/** A frame as sent or received. */
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
  /** The server's time up to which this watch has heard everything: a `since` for a reload. */
  readonly since: string | undefined;
  /** Stop; the connection closes with the last watch that shares it. */
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
 * Throws TypeError if `url`, `merchantId` or `ref` is not valid, RangeError if `since` or `keepAlive` is not.
 */
export function watchRef(
  options: WatchOptions,
  onNotification: (notification: Notification, watch: Watch) => unknown,
): Watch;
