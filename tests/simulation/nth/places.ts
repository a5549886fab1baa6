/**
 * Places: every place where the library calls one of the user's functions, with the file that calls it. A new option
 * that is or contains a function, or a new type of event, does not compile without a row here.
 */

import type { PoolEvent, PoolOptions } from "../../../mod.ts";
import type { ForeignAgentOptions } from "../../../src/agent/mod.ts";
import type { Socket } from "../../../src/contract/transport.ts";
import type { RequestOptions } from "../../../src/fetch/request.ts";

type Callable = (...given: never[]) => unknown;

/** The objects that are searched for functions: those that users write, not those of the platform. */
type Written<T> = Exclude<Extract<NonNullable<T>, object>, Callable | URL | Uint8Array | readonly unknown[]>;

/** The paths of all functions in what a user gives: `"random"`, `"clock.now"`, `"learn.store.get"`. */
type FunctionPaths<T, Before extends string = ""> = {
  [K in keyof T & string]-?:
    | ([Extract<NonNullable<T[K]>, Callable>] extends [never] ? never : `${Before}${K}`)
    | ([Written<T[K]>] extends [never] ? never : FunctionPaths<Written<T[K]>, `${Before}${K}.`>);
}[keyof T & string];

/** Who calls the function, and when. `not`: why no scenario reaches it. */
interface Place {
  readonly by: string;
  readonly not?: string;
}

/** Functions in the options. */
export const OPTION_PLACES = {
  serverHints: { by: "exchange/ending.ts, when a connection is given back" },
  origins: { by: "options/origin-rules.ts, in the first call that needs the rules of an origin" },
  persistence: { by: "rules/persistence.ts, when a response is complete or its caller leaves it" },
  tls: { by: "pool/connect/tls-targets.ts, in a task of its own" },
  resolve: { by: "pool/connect/connector.ts, in a task of its own" },
  retry: { by: "rules/retry.ts, when an attempt failed" },
  onEvent: { by: "pool/observers.ts, between steps" },
  random: { by: "pool/connect/connect-attempts.ts, when a connection is open" },
  "clock.now": { by: "all of the shell" },
  "clock.wall": { by: "pool/sleep-detector.ts and pool/limit-keeper.ts" },
  "clock.schedule": { by: "pool/timer.ts and pool/connect/happy-eyeballs.ts" },
  "clock.turn": { by: "pool/liveness-check.ts and pool/timer.ts" },
  "clock.ref": { by: "pool/process-ref.ts" },
  "learn.store.get": { by: "pool/limit-keeper.ts, in a task of its own" },
  "learn.store.set": { by: "pool/limit-keeper.ts, in a task of its own" },
  "transport.connect": { by: "pool/connect/connector.ts, while a connect attempt starts" },
  "transport.resolve": {
    by: "pool/connect/connector.ts",
    not: "the option resolve replaces it; the call is the same",
  },
  "transport.env": {
    by: "proxy/proxy-environment.ts",
    not: "called within createPool(), before there is a pool",
  },
  "transport.debug": {
    by: "pool/debug.ts",
    not: "called within createPool(), before there is a pool",
  },
  "transport.channel": { by: "pool/observers.ts", not: "called within createPool(), before there is a pool" },
  "transport.decoder": { by: "fetch/decode.ts, when a coded response has its head" },
  "transport.alloc": { by: "exchange/body-buffer.ts, when a body arrives" },
  "transport.text.latin1": { by: "http1/parse/head.ts, when a head arrives" },
  "transport.text.utf8": { by: "exchange/response-body.ts, when a text is read" },
  "transport.turn": {
    by: "create-pool.ts, by way of contract/clock.ts",
    not: "used only with the runtime's clock; if it throws, the runtime's own turn is used",
  },
  "transport.localAddresses": {
    by: "pool/local-addresses.ts",
    not: "no machine moves; a failure says nothing",
  },
  "transport.context": { by: "fetch/call-context.ts, in the call" },
  "transport.readBlob": {
    by: "fetch/pieces.ts, when a request with a short Blob begins",
    not: "no scenario sends a Blob: tests/fetch/blobs-within-call.test.ts has this one",
  },
} as const satisfies Record<FunctionPaths<PoolOptions>, Place>;

/** Functions in the options of an agent that a pool does not have. Node calls them, on its own sockets, so no scenario can. */
export const AGENT_PLACES = {
  createConnection: {
    by: "agent/routes.ts, while a connect attempt starts",
    not: "tests/agent/user-functions.test.ts has this one",
  },
  lookup: { by: "node:net, while it connects", not: "the same" },
  checkServerIdentity: { by: "node:tls, when a connection is secure", not: "the same" },
} as const satisfies Record<FunctionPaths<ForeignAgentOptions>, Place>;

/** Methods of the sockets of a user's transport. `pool/connect/checked-socket.ts` passes the calls on. */
export const SOCKET_PLACES = {
  afterReads: { by: "http2/http2-wire.ts", not: "the scenarios speak HTTP/1.1, which never asks" },
  gather: { by: "http2/http2-wire.ts", not: "the same" },
  write: { by: "http1/http1-wire.ts and http1/send/body-writer.ts" },
  pause: { by: "pool/connection.ts, pool/connect/connector.ts and pool/connect/happy-eyeballs.ts" },
  resume: { by: "http1/http1-wire.ts and pool/connect/resume-after-delivery.ts" },
  ref: { by: "pool/connection.ts" },
  setHandler: { by: "pool/connect/happy-eyeballs.ts" },
  halfOpen: {
    by: "exchange/upgraded-socket.ts",
    not: "no scenario upgrades: tests/upgrade/upgraded-socket.test.ts has this one",
  },
  endWrites: { by: "exchange/upgraded-socket.ts", not: "the same" },
  close: { by: "pool/connection.ts" },
  abort: { by: "pool/connection.ts, pool/pool.ts and pool/connect/happy-eyeballs.ts" },
  startTls: {
    by: "proxy/tunnel.ts",
    not: "no scenario has a proxy; the socket that it gives is like one of connect()",
  },
} as const satisfies Record<FunctionPaths<Socket>, Place>;

/** Listeners, by the event that they are told of. */
export const EVENT_PLACES = {
  "connection.opened": { by: "pool/connection-events.ts" },
  "connection.acquired": { by: "pool/connection-events.ts" },
  "connection.released": { by: "pool/connection-events.ts" },
  "connection.retired": { by: "pool/connection-events.ts" },
  "request.queued": { by: "pool/connection-events.ts" },
  "request.started": { by: "exchange/request-events.ts" },
  "request.finished": { by: "exchange/request-events.ts" },
  "request.retried": { by: "exchange/request-events.ts" },
  "request.doubted": { by: "exchange/request-events.ts", not: "no scenario has a connection that is silent" },
  "doubt.exhausted": { by: "exchange/request-events.ts", not: "no scenario has a connection that is silent" },
  "request.failed": { by: "exchange/request-events.ts" },
  "option.degraded": { by: "pool/connect/connect-attempts.ts" },
  "hint.ignored": { by: "exchange/request-events.ts" },
  "limit.learned": { by: "pool/connection-events.ts" },
  "calm.requested": { by: "pool/connection-events.ts", not: "no server asks for it over HTTP/1.1" },
} as const satisfies Record<PoolEvent["type"], Place>;

/** Functions that come with a call, by the option of `request()` that contains them. `fetch` has the same. */
export const CALL_PLACES = {
  method: [],
  headers: ["headers.next"],
  body: ["body.make", "body.next", "body.return", "body.pull", "body.cancel", "body.stream"],
  trailers: ["trailers.make"],
  signal: ["signal.listener"],
  idempotent: [],
  doubt: [],
  headersTimeout: [],
  bodyIdleTimeout: [],
  requestTimeout: [],
  acquireTimeout: [],
  reuse: [],
  http2: [],
  holdfast: [],
  tag: [],
} as const satisfies Record<keyof RequestOptions, readonly string[]>;

/** A place, by kind and name. */
export type PlaceName =
  | `option ${keyof typeof OPTION_PLACES}`
  | `socket ${keyof typeof SOCKET_PLACES}`
  | `event ${keyof typeof EVENT_PLACES}`
  | `call ${(typeof CALL_PLACES)[keyof typeof CALL_PLACES][number]}`;

const driven = (kind: string, places: Readonly<Record<string, Place>>): string[] =>
  Object.entries(places).flatMap(([name, { not }]) => (not === undefined ? [`${kind} ${name}`] : []));

/** The places that some scenario must reach. */
export const DRIVEN_PLACES: readonly string[] = [
  ...driven("option", OPTION_PLACES),
  ...driven("socket", SOCKET_PLACES),
  ...driven("event", EVENT_PLACES),
  ...Object.values(CALL_PLACES).flatMap((names) => names.map((name) => `call ${name}`)),
];
