/**
 * Places: every place where the library calls a function of the user's, and who calls it. A new option that is a function,
 * or holds one, and a new type of event must have a row here: the types below do not fit otherwise.
 */

import type { PoolEvent, PoolOptions } from "../../../mod.ts";
import type { RequestOptions } from "../../../src/fetch/light.ts";
import type { Socket } from "../../../src/transport.ts";

type Callable = (...given: never[]) => unknown;

/** What is searched for functions: objects that users write, not those of the platform. */
type Written<T> = Exclude<Extract<NonNullable<T>, object>, Callable | URL | readonly unknown[]>;

/** Paths to all functions in what a user gives: `"random"`, `"clock.now"`, `"learn.store.get"`. */
type FunctionPaths<T, Before extends string = ""> = {
  [K in keyof T & string]-?:
    | ([Extract<NonNullable<T[K]>, Callable>] extends [never] ? never : `${Before}${K}`)
    | ([Written<T[K]>] extends [never] ? never : FunctionPaths<Written<T[K]>, `${Before}${K}.`>);
}[keyof T & string];

/** Who calls it, and when. `not`: why no scenario drives it. */
interface Place {
  readonly by: string;
  readonly not?: string;
}

/** Functions of the options. */
export const OPTION_PLACES = {
  serverHints: { by: "http1/wire.ts, when a connection is given back" },
  persistence: { by: "http1/persistence.ts, when a response is complete or a body is left" },
  resolve: { by: "pool/opener.ts, in a turn of its own" },
  retry: { by: "rules/retry.ts, when an attempt failed" },
  onEvent: { by: "pool/observers.ts, between steps" },
  random: { by: "pool/dials.ts, when a connection is open" },
  "clock.now": { by: "all of the shell" },
  "clock.wall": { by: "pool/sleep.ts and pool/limit-keeper.ts" },
  "clock.schedule": { by: "pool/alarm.ts and pool/race.ts" },
  "clock.turn": { by: "pool/blind-spot.ts and pool/alarm.ts" },
  "clock.hold": { by: "pool/hold.ts" },
  "learn.store.get": { by: "pool/limit-keeper.ts, in a turn of its own" },
  "learn.store.set": { by: "pool/limit-keeper.ts, in a turn of its own" },
  "transport.connect": { by: "pool/opener.ts, while a dial starts" },
  "transport.resolve": { by: "pool/opener.ts", not: "resolve takes its place: the call is the same" },
  "transport.env": { by: "proxy/environment.ts", not: "asked within createPool(), before there is a pool" },
  "transport.channel": { by: "pool/observers.ts", not: "asked within createPool(), before there is a pool" },
  "transport.decoder": { by: "fetch/decode.ts, when a coded response has its head" },
  "transport.alloc": { by: "http1/gathered.ts, when a body arrives" },
  "transport.text.latin1": { by: "http1/head.ts, when a head arrives" },
  "transport.text.utf8": { by: "http1/body.ts, when a text is read" },
  "transport.turn": {
    by: "clock.ts",
    not: "asked only beside the clock of the runtime; one that throws is not used",
  },
  "transport.context": { by: "fetch/callers-context.ts, in the call" },
} as const satisfies Record<FunctionPaths<PoolOptions>, Place>;

/** Methods of a user's sockets. */
export const SOCKET_PLACES = {
  write: { by: "http1/exchange.ts and http1/upload.ts" },
  pause: { by: "pool/connection.ts and pool/race.ts" },
  resume: { by: "http1/exchange.ts and pool/hand-out.ts" },
  hold: { by: "pool/connection.ts" },
  handOver: { by: "pool/race.ts" },
  close: { by: "pool/connection.ts" },
  abort: { by: "pool/pool.ts and pool/race.ts" },
  startTls: {
    by: "proxy/tunnel.ts",
    not: "no scenario has a proxy: what it gives is a socket as connect() gives one",
  },
} as const satisfies Record<FunctionPaths<Socket>, Place>;

/** Listeners, by what they are told. */
export const EVENT_PLACES = {
  "connection.opened": { by: "pool/telling.ts" },
  "connection.acquired": { by: "pool/telling.ts" },
  "connection.released": { by: "pool/telling.ts" },
  "connection.retired": { by: "pool/telling.ts" },
  "request.queued": { by: "pool/telling.ts" },
  "request.started": { by: "http1/journal.ts" },
  "request.finished": { by: "http1/journal.ts" },
  "request.retried": { by: "http1/journal.ts" },
  "request.failed": { by: "http1/journal.ts" },
  "option.degraded": { by: "pool/dials.ts" },
  "hint.ignored": { by: "http1/journal.ts" },
  "limit.learned": { by: "pool/telling.ts" },
} as const satisfies Record<PoolEvent["type"], Place>;

/** Functions that come with a call, by the option of `request()` that brings them; `fetch` has the same. */
export const CALL_PLACES = {
  method: [],
  headers: ["headers.next"],
  body: ["body.make", "body.next", "body.return", "body.pull", "body.cancel", "body.stream"],
  signal: ["signal.listener"],
  idempotent: [],
  headersTimeout: [],
  bodyIdleTimeout: [],
  requestTimeout: [],
} as const satisfies Record<keyof RequestOptions, readonly string[]>;

/** A place, by its kind and name. */
export type PlaceName =
  | `option ${keyof typeof OPTION_PLACES}`
  | `socket ${keyof typeof SOCKET_PLACES}`
  | `event ${keyof typeof EVENT_PLACES}`
  | `call ${(typeof CALL_PLACES)[keyof typeof CALL_PLACES][number]}`;

const driven = (kind: string, places: Readonly<Record<string, Place>>): string[] =>
  Object.entries(places).flatMap(([name, { not }]) => (not === undefined ? [`${kind} ${name}`] : []));

/** All that some scenario must come by. */
export const DRIVEN_PLACES: readonly string[] = [
  ...driven("option", OPTION_PLACES),
  ...driven("socket", SOCKET_PLACES),
  ...driven("event", EVENT_PLACES),
  ...Object.values(CALL_PLACES).flatMap((names) => names.map((name) => `call ${name}`)),
];
