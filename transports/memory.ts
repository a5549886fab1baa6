/**
 * A transport without sockets: the remote end of each connection is a scripted peer. For tests of code that uses the pool,
 * and for the project's own simulation. The transport has no timers: bytes arrive in the next microtask, when a scheduler
 * says so, or when the test says so.
 *
 * @example A server in one function
 * ```ts
 * import { createPool } from "@holdfast/pool";
 * import { memoryTransport } from "@holdfast/pool/memory";
 *
 * const transport = memoryTransport({ respond: ({ path }) => ({ status: 200, body: `you asked for ${path}` }) });
 * await using pool = createPool({ transport });
 * const response = await pool.fetch("http://service.test/hello");
 * ```
 *
 * @example A peer byte by byte
 * ```ts
 * import { memoryTransport } from "@holdfast/pool/memory";
 *
 * const transport = memoryTransport({
 *   accept(peer) {
 *     peer.onData(() => {
 *       peer.send("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nhi");
 *       peer.end(); // closes without having announced it
 *     });
 *   },
 *   connect: (target) => (target.hostname === "down.test" ? "refused" : "accept"),
 * });
 * ```
 *
 * @module
 */

import type {
  Capabilities,
  Socket,
  SocketHandler,
  Target,
  TlsTarget,
  Transport,
  TransportErrorKind,
} from "../src/contract/transport.ts";
import { type Deliver, type MemoryLink, type MemoryPeer, memoryLink } from "./memory-peer.ts";
import { type MemoryRequest, type MemoryResponse, respondTo } from "./memory-responder.ts";
import { TransportError } from "./transport-error.ts";

export type { MemoryPeer, MemoryPeerState } from "./memory-peer.ts";
export type { MemoryRequest, MemoryResponse } from "./memory-responder.ts";

/** How a connect attempt ends: accepted, failed for one of the transport's reasons, or never. */
export type MemoryOutcome = "accept" | "never" | TransportErrorKind;

/** The source of delays. The pool's `Clock` is one. */
export interface MemoryScheduler {
  /** Calls back once after `delayMs`. */
  schedule(delayMs: number, callback: () => void): { cancel(): void };
}

/** Options of {@linkcode memoryTransport}. */
export interface MemoryOptions {
  /** Called for every connection, before the pool gets its socket. */
  readonly accept?: ((peer: MemoryPeer) => void) | undefined;
  /** Responds to the HTTP/1.1 requests on every connection, in order. */
  readonly respond?:
    | ((request: MemoryRequest, peer: MemoryPeer) => MemoryResponse | Promise<MemoryResponse>)
    | undefined;
  /**
   * Decides how a connect attempt ends. Also called when a tunnel starts TLS, with that TLS in `target.tls`. `delayMs`
   * requires a `scheduler`.
   *
   * @default () => "accept"
   */
  readonly connect?:
    | ((target: Target) => MemoryOutcome | { readonly outcome: MemoryOutcome; readonly delayMs: number })
    | undefined;
  /** The protocol that every peer chooses, if TLS offers it (ALPN). @default "http/1.1" */
  readonly alpn?: string | undefined;
  /** Bytes that a peer accepts without reading, before `write` returns `false`. @default 65536 */
  readonly window?: number | undefined;
  /** Delivers everything after `latencyMs`. @default in a microtask */
  readonly scheduler?: MemoryScheduler | undefined;
  /** One-way latency of bytes and of connecting. Requires a `scheduler`. @default 0 */
  readonly latencyMs?: number | undefined;
  /** `true`: nothing happens before {@linkcode MemoryTransport.step} or {@linkcode MemoryTransport.flush}. @default false */
  readonly manual?: boolean | undefined;
  /** Resolves hostnames; the pool then connects to `target.address`. @default none: the pool connects to names */
  readonly resolve?: ((hostname: string) => readonly string[] | Promise<readonly string[]>) | undefined;
  /** Environment variables. @default none */
  readonly env?: Readonly<Record<string, string>> | undefined;
  /** Overrides capabilities, to test how the pool works without them. @default all */
  readonly can?: Partial<Capabilities> | undefined;
}

/** A {@linkcode Transport} that shows its remote ends. */
export interface MemoryTransport extends Transport {
  /** All accepted connections, the oldest first, including closed ones. */
  readonly peers: readonly MemoryPeer[];
  /** Number of connect attempts, including failed ones. */
  readonly attempts: number;
  /** With `manual`: runs the oldest event. Returns whether there was one. */
  step(): boolean;
  /** With `manual`: runs events until there are none. */
  flush(): void;
}

const EVERYTHING: Capabilities = {
  reuse: "process",
  tcpKeepAlive: "full",
  noDelay: true,
  unix: true,
  startTls: true,
  tlsInTls: true,
  alpn: true,
  verifyOff: true,
};

/** Creates a transport whose peers the caller scripts. See the examples of the module. */
export function memoryTransport(options: MemoryOptions = {}): MemoryTransport {
  const { window = 65_536, alpn = "http/1.1", latencyMs = 0 } = options;
  const peers: MemoryPeer[] = [];
  const events: (() => void)[] = [];
  const post = poster(options, events);
  const deliver: Deliver = (callback) => void post(latencyMs, callback);
  let attempts = 0;

  /** Settles as `options.connect` decides, or rejects with the signal's reason. */
  const attempt = (target: Target, signal: AbortSignal): Promise<void> =>
    new Promise((resolve, reject) => {
      if (signal.aborted) return reject(signal.reason);
      const answer = options.connect?.(target) ?? "accept";
      const { outcome, delayMs } =
        typeof answer === "string" ? { outcome: answer, delayMs: latencyMs } : answer;
      const abort = (): void => reject(signal.reason);
      signal.addEventListener("abort", abort);
      if (outcome === "never") return;
      post(delayMs, () => {
        signal.removeEventListener("abort", abort);
        if (outcome === "accept") resolve();
        else reject(refusal(outcome, target));
      });
    });

  /** Creates both ends of an accepted connection, and passes the remote end to the caller's functions. */
  const accepted = (target: Target, handler: SocketHandler): MemoryLink => {
    const secure = (tls: TlsTarget, signal: AbortSignal) => attempt({ ...target, tls }, signal);
    const link = memoryLink({ id: peers.length + 1, target, handler, window, alpn, deliver, secure });
    peers.push(link.peer);
    if (options.respond !== undefined) respondTo(link.peer, options.respond);
    options.accept?.(link.peer);
    return link;
  };

  const connect = (target: Target, handler: SocketHandler, signal: AbortSignal): Promise<Socket> => {
    attempts++;
    return new Promise((resolve, reject) => {
      const opened = (): void => {
        const { socket, receiveQueue } = accepted(target, handler);
        resolve(socket);
        receiveQueue.open();
      };
      attempt(target, signal).then(opened).catch(reject);
    });
  };

  return {
    ...runtime(options),
    connect,
    peers,
    get attempts() {
      return attempts;
    },
    step: () => step(events),
    flush() {
      while (step(events));
    },
  };
}

/** The parts of a transport besides its sockets. */
function runtime({ can, resolve, env = {} }: MemoryOptions): Omit<Transport, "connect"> {
  return {
    name: "memory",
    can: { ...EVERYTHING, ...can },
    resolve: resolve === undefined ? undefined : async (hostname) => resolve(hostname),
    env: (name) => env[name],
  };
}

/** Returns the function that runs callbacks later, by scheduler, by hand or in a microtask. */
function poster(
  { scheduler, manual, latencyMs }: MemoryOptions,
  events: (() => void)[],
): (delayMs: number, callback: () => void) => void {
  if (scheduler !== undefined) return (delayMs, callback) => void scheduler.schedule(delayMs, callback);
  if (latencyMs !== undefined) throw new TypeError("latencyMs requires a scheduler");
  return (delayMs, callback) => {
    if (delayMs > 0) throw new TypeError(`A delay of ${delayMs} ms requires a scheduler`);
    if (manual) events.push(callback);
    else queueMicrotask(callback);
  };
}

function step(events: (() => void)[]): boolean {
  const event = events.shift();
  event?.();
  return event !== undefined;
}

function refusal(kind: TransportErrorKind, { hostname, address, port }: Target): TransportError {
  return new TransportError(kind, `Connection to ${address ?? hostname}:${port} failed: ${kind}`, {
    reason: kind,
  });
}
