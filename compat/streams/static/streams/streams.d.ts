// The types of streams.js and streams.module.js; what it all means: docs/guide/streams.md

/** Where a reader is: the number of its last entry, "latest", or "epoch:number". */
export type Cursor = number | string;

/** What becomes of a connection. "refused": several handshakes have failed, and it goes on trying. */
export type State = "connecting" | "open" | "waiting" | "refused" | "closed";

/** How a page is connected: in the order of preference; default: all three, as here. */
export type Transports = Array<"websocket" | "events" | "poll">;

/** A frame that is about no stream, decoded. */
export interface Message {
  type?: string;
  [field: string]: unknown;
}

export interface Listeners<Body = any> {
  /** bodies[i] has the number first + i. */
  onEntries?(first: number, bodies: Body[]): void;
  /** Everything up to seq was delivered. */
  onLive?(seq: number): void;
  /** Entries before `oldest` are not kept any more. */
  onGap?(oldest: number): void;
  /** Forget what was delivered: it may not be in the log any more. Entries come from the first on. */
  onReset?(): void;
  /** So many are here, and what the site shows of the first ones; if the address has ?presence=1. */
  onPresence?(count: number, who: any[]): void;
  /** The same as onReset, for pages that were written before it. */
  onStartOver?(): void;
}

export interface Start {
  /** The last entry that the page has; 0, if it is left out. */
  since?: Cursor | null;
  /** The epoch of that number, if it is known. */
  epoch?: string | null;
}

export interface Handle {
  /** Sends JSON; whether it was handed to an open connection. */
  send(message: unknown): boolean;
  close(): void;
}

export interface FollowOptions<Body = any> extends Start, Listeners<Body> {
  /** A path, or an address of http, https, ws or wss. */
  url: string;
  /** ["websocket"]: no fallback. */
  transports?: Transports;
  onState?(state: State, code?: number): void;
  onMessage?(message: Message): void;
}

export interface Follower extends Handle {
  since(): number | "latest";
  epoch(): string;
}

export interface ConnectOptions {
  /** Default: data-url of the script's element, or "/ws/streams/". */
  url?: string;
  /** true: one socket for all tabs, where there is SharedWorker. Or the address of streams.js. */
  worker?: boolean | string;
  /** ["websocket"]: no fallback. */
  transports?: Transports;
  onState?(state: State, code?: number): void;
  /** An error that is about no stream. */
  onError?(code: string, detail: string): void;
  onMessage?(message: Message): void;
}

export interface SubscribeOptions<Body = any> extends Start, Listeners<Body> {
  list?: false;
  /** The stream is not followed, or not any more: "denied", "unknown", "too-many" … */
  onError?(code: string, detail: string): void;
}

/** All streams whose names begin alike, "deploy:*": those there are, and those that come up. */
export interface ListOptions<Body = any> {
  list: true;
  /** Where those that are there begin; 0, if it is left out. */
  since?: 0 | "latest";
  onEntries?(first: number, bodies: Body[], stream: string): void;
  onLive?(seq: number, stream: string): void;
  onGap?(oldest: number, stream: string): void;
  onReset?(stream: string): void;
  onPresence?(count: number, who: any[], stream: string): void;
  /** A stream is not followed any more; without one: nothing more comes up by the list. */
  onError?(code: string, detail: string, stream?: string): void;
}

export interface Subscription {
  close(): void;
  since(): number | "latest";
  epoch(): string;
}

export interface Connection extends Handle {
  subscribe<Body = any>(stream: string, options: SubscribeOptions<Body>): Subscription;
  subscribe<Body = any>(beginning: string, options: ListOptions<Body>): Pick<Subscription, "close">;
  state(): State;
}

/** Follows the one stream that is at an address. */
export declare function follow<Body = any>(options: FollowOptions<Body>): Follower;

/** The connection to an address where one socket follows many streams; a page has one of each. */
export declare function connect(options?: ConnectOptions): Connection;

/** Whether a page should stay away after that close code. */
export declare function isFinal(code: number): boolean;

export interface StreamsApi {
  readonly follow: typeof follow;
  readonly connect: typeof connect;
  readonly isFinal: typeof isFinal;
}

declare const Streams: StreamsApi;
export default Streams;

declare global {
  /** Of the classic script. */
  const Streams: StreamsApi;
  interface Window {
    readonly Streams: StreamsApi;
  }
}
