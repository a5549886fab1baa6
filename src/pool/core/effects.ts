/** Inputs and effects: what the shell tells the core, which decides, and what the core has the shell do. */

import type { LimitMemory } from "../../contract/limit-store.ts";
import type { Origin } from "../../contract/origin.ts";
import type { RetireReason } from "../../contract/reasons.ts";
import type { WireProtocol } from "../../contract/wire-protocol.ts";
import type { ServerHints } from "../../rules/rules.ts";
import type { ConnectionRecord, OriginRecord, Waiter } from "./records.ts";
import type { State } from "./state.ts";

/** What happened. */
export type Input<C, W> =
  /**
   * A request wants a connection to `origin`. `again`: the one it was granted was found dead. It becomes the first in
   * the queue of its origin.
   */
  | {
      readonly type: "acquire";
      readonly waiter: Waiter<C, W>;
      readonly origin: Origin;
      readonly again?: boolean;
    }
  /** The request needs no connection any more. */
  | { readonly type: "cancel"; readonly waiter: Waiter<C, W> }
  /** Open connections before they are asked for, until `count` are ready. */
  | { readonly type: "preconnect"; readonly origin: Origin; readonly count: number }
  /** A request waits and nothing comes: open a connection, if the limits allow it, to see whether the origin can be reached. */
  | { readonly type: "probe"; readonly originRecord: OriginRecord<C, W> }
  /**
   * The network to an origin was out, and is back: what is under way to it may be stuck. An attempt of `begunAt` has shown it.
   */
  | { readonly type: "back"; readonly originRecord: OriginRecord<C, W>; readonly begunAt: number }
  /** What the connections of `origin` are expected to carry at a time, before one is open to tell. */
  | { readonly type: "expect"; readonly origin: Origin; readonly capacity: number }
  /**
   * A connection is open and takes `capacity` leases at a time, 1 by default. It speaks `protocol`, HTTP/1.1 by default.
   * `negotiated`: the origin might have spoken another one.
   */
  | {
      readonly type: "connected";
      readonly connection: ConnectionRecord<C, W>;
      readonly random: number;
      readonly capacity?: number | undefined;
      readonly protocol?: WireProtocol | undefined;
      readonly negotiated?: boolean | undefined;
      /** Since when its socket has been open; now by default. Since then it has waited unused. */
      readonly readyAt?: number | undefined;
    }
  /** The peer changed how many leases a connection takes: at least 1. Present leases above it go on. */
  | { readonly type: "capacity"; readonly connection: ConnectionRecord<C, W>; readonly capacity: number }
  /**
   * `endedBy`: the connection was open, and the peer ended it, or said that it takes no request, before one could be written.
   */
  | {
      readonly type: "connect-failed";
      readonly connection: ConnectionRecord<C, W>;
      readonly error: unknown;
      readonly endedBy?: RetireReason | undefined;
    }
  /** One lease ends. With a `reason` the connection must not be used again. */
  | {
      readonly type: "release";
      readonly connection: ConnectionRecord<C, W>;
      readonly hints: ServerHints;
      readonly reason: RetireReason | undefined;
      /** Whether a response came; `undefined` where the exchange proves nothing about the server. */
      readonly answered?: boolean | undefined;
    }
  /** The caller has all it wants. The exchange goes on only so that the connection can be used again. */
  | { readonly type: "linger"; readonly connection: ConnectionRecord<C, W> }
  /**
   * The peer takes no further request on the connection. `taken`: how many it has taken in all, if it said so. A peer may say
   * it twice, the second time with that number. `late`: see `lost`.
   */
  | {
      readonly type: "goaway";
      readonly connection: ConnectionRecord<C, W>;
      readonly taken?: number | undefined;
      readonly late?: boolean;
    }
  /** The peer finds that we ask too much of it (ENHANCE_YOUR_CALM), and takes no further request on the connection. */
  | { readonly type: "calm"; readonly connection: ConnectionRecord<C, W> }
  /** A request got no answer on a connection that had been idle. `proven`: a fresh connection gave it one. */
  | { readonly type: "silent"; readonly connection: ConnectionRecord<C, W>; readonly proven: boolean }
  /** What was learned of an origin by another pool or in an earlier process. */
  | { readonly type: "restore"; readonly origin: Origin; readonly memory: LimitMemory }
  /** The socket of an idle or active connection is gone or cannot be trusted. */
  | {
      readonly type: "lost";
      readonly connection: ConnectionRecord<C, W>;
      readonly reason: RetireReason;
      /** The event loop was blocked: the peer may have closed some time ago. */
      readonly late?: boolean;
    }
  | { readonly type: "tick" }
  /** Retire these connections: idle ones close now, active ones with their last lease. */
  | {
      readonly type: "retire";
      readonly connections: readonly ConnectionRecord<C, W>[];
      readonly reason: RetireReason;
    }
  /** Retire the open connections of one origin or of all: idle ones close now, active ones with their last lease. */
  | { readonly type: "drain"; readonly origin?: string | undefined; readonly reason: RetireReason }
  /** The machine slept: retire every idle connection. */
  | { readonly type: "slept" }
  | { readonly type: "close" };

/** Why a waiter gets no connection. */
export type RejectReason = "queue-full" | "acquire-timeout" | "connect-failed" | "pool-closed";

/** What the shell must do. */
export type Effect<C, W> =
  | { readonly type: "connect"; readonly connection: ConnectionRecord<C, W> }
  | {
      readonly type: "grant";
      readonly waiter: Waiter<C, W>;
      readonly connection: ConnectionRecord<C, W>;
      /** 1 for the first lease of the connection. */
      readonly requestNumber: number;
      /** How long the connection had been idle; 0 if it is shared. */
      readonly idleMs: number;
      readonly waitedMs: number;
    }
  /** The request waits. `queued`: how many of its origin do, itself included. */
  | {
      readonly type: "queue";
      readonly waiter: Waiter<C, W>;
      readonly origin: string;
      readonly queued: number;
    }
  | {
      readonly type: "reject";
      readonly waiter: Waiter<C, W>;
      readonly origin: string;
      readonly why: RejectReason;
      readonly waitedMs: number;
      /** What was reached: the longest wait in ms, or the number of waiting requests. */
      readonly limit?: number | undefined;
      readonly error?: unknown;
    }
  /** The connection is idle now: watch it. */
  | { readonly type: "park"; readonly connection: ConnectionRecord<C, W> }
  /** The peer asked for calm on this connection. */
  | { readonly type: "calmed"; readonly connection: ConnectionRecord<C, W> }
  /** A learned limit of an origin changed, or there is more to remember of it. */
  | {
      readonly type: "learned";
      readonly originRecord: OriginRecord<C, W>;
      readonly idleMs: number;
      readonly previousMs: number;
      readonly requests: number;
      readonly previousRequests: number;
    }
  | {
      readonly type: "close";
      readonly connection: ConnectionRecord<C, W>;
      readonly reason: RetireReason;
      /** The state before. */
      readonly from: State;
      readonly idleMs: number;
      readonly error?: unknown;
    };
