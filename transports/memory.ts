/**
 * A transport without sockets: connections end in a scripted peer. For tests of code that uses the pool, and
 * for its own simulation. Nothing here has a timer or an order of its own: what is sent arrives in the next
 * microtask, when a scheduler says so, or when the test does.
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
 *       peer.end(); // and hangs up, without having said so
 *     });
 *   },
 *   connect: (target) => (target.hostname === "down.test" ? "refused" : "accept"),
 * });
 * ```
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

/** How an attempt to connect ends: accepted, failed in one of the transports' ways, or not at all. */
export type MemoryOutcome = "accept" | "never" | TransportErrorKind;

/** Time for a transport in memory. The pool's `Clock` is one. */
export interface MemoryScheduler {
  /** Calls back once after `delayMs`. */
  schedule(delayMs: number, callback: () => void): { cancel(): void };
}

/** Options of {@linkcode memoryTransport}. */
export interface MemoryOptions {
  /** Called for every connection, before the pool learns that it is open. */
  readonly accept?: ((peer: MemoryPeer) => void) | undefined;
  /** Answers HTTP/1.1 requests, in order, on every connection. */
  readonly respond?:
    | ((request: MemoryRequest, peer: MemoryPeer) => MemoryResponse | Promise<MemoryResponse>)
    | undefined;
  /**
   * Decides how an attempt ends; also asked when a tunnel starts TLS, with that in `target.tls`.
   * `delayMs` needs a `scheduler`.
   *
   * @default () => "accept"
   */
  readonly connect?:
    | ((target: Target) => MemoryOutcome | { readonly outcome: MemoryOutcome; readonly delayMs: number })
    | undefined;
  /** Bytes a peer that does not read takes before `write` answers `false`. @default 65536 */
  readonly window?: number | undefined;
  /** Carries everything after `latencyMs`. Without one, in a microtask. */
  readonly scheduler?: MemoryScheduler | undefined;
  /** One way, for bytes and connecting; needs a `scheduler`. @default 0 */
  readonly latencyMs?: number | undefined;
  /** `true`: nothing moves until {@linkcode MemoryTransport.step} or {@linkcode MemoryTransport.flush}. */
  readonly manual?: boolean | undefined;
  /** Looks up names: the pool connects to each address as `target.address`. Without it, it connects to names. */
  readonly resolve?: ((hostname: string) => readonly string[] | Promise<readonly string[]>) | undefined;
  /** Environment variables. @default none */
  readonly env?: Readonly<Record<string, string>> | undefined;
  /** Capabilities to lack, to see how the pool copes. */
  readonly can?: Partial<Capabilities> | undefined;
}

/** A {@linkcode Transport} that shows its far ends. */
export interface MemoryTransport extends Transport {
  /** Every connection that was accepted, oldest first, closed ones included. */
  readonly peers: readonly MemoryPeer[];
  /** Attempts to connect, failed ones included. */
  readonly attempts: number;
  /** `manual`: lets the oldest event happen; answers whether there was one. */
  step(): boolean;
  /** `manual`: lets events happen until there are none. */
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

/** A transport whose peers the caller plays. See the module's examples. */
export function memoryTransport(options: MemoryOptions = {}): MemoryTransport {
  const { window = 65_536, latencyMs = 0 } = options;
  const peers: MemoryPeer[] = [];
  const events: (() => void)[] = [];
  const post = poster(options, events);
  const deliver: Deliver = (callback) => void post(latencyMs, callback);
  let attempts = 0;

  /** Settles as `options.connect` says, or rejects with the signal's reason. */
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

  /** The far end of an accepted attempt, told to whoever plays it. */
  const accepted = (target: Target, handler: SocketHandler): MemoryLink => {
    const secure = (tls: TlsTarget, signal: AbortSignal) => attempt({ ...target, tls }, signal);
    const link = memoryLink({ id: peers.length + 1, target, handler, window, deliver, secure });
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

/** What a runtime is besides its sockets. */
function runtime({ can, resolve, env = {} }: MemoryOptions): Omit<Transport, "connect"> {
  return {
    name: "memory",
    can: { ...EVERYTHING, ...can },
    resolve: resolve === undefined ? undefined : async (hostname) => resolve(hostname),
    env: (name) => env[name],
  };
}

/** Runs something later, in the one way that was asked for. */
function poster(
  { scheduler, manual, latencyMs }: MemoryOptions,
  events: (() => void)[],
): (delayMs: number, callback: () => void) => void {
  if (scheduler !== undefined) return (delayMs, callback) => void scheduler.schedule(delayMs, callback);
  if (latencyMs !== undefined) throw new TypeError("latencyMs needs a scheduler");
  return (delayMs, callback) => {
    if (delayMs > 0) throw new TypeError(`A delay of ${delayMs} ms needs a scheduler`);
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
