/** Inputs and effects: the language between the core, which decides, and the shell, which acts. */

import type { LimitMemory } from "../../contract/limit-store.ts";
import type { Origin } from "../../contract/origin.ts";
import type { RetireReason } from "../../contract/reasons.ts";
import type { ServerHints } from "../../rules/rules.ts";
import type { ConnectionRecord, OriginRecord, Waiter } from "./records.ts";
import type { State } from "./state.ts";

/** What happened. */
export type Input<C, W> =
  /** A request wants a connection to `origin`; `again` puts it first, because it had its turn already. */
  | {
      readonly type: "acquire";
      readonly waiter: Waiter<C, W>;
      readonly origin: Origin;
      readonly again?: boolean;
    }
  /** The request is no longer interested. */
  | { readonly type: "cancel"; readonly waiter: Waiter<C, W> }
  /** Connections that nobody waits for yet. */
  | { readonly type: "preconnect"; readonly origin: Origin; readonly count: number }
  /** What the connections of `origin` are expected to carry at a time, before one is open to tell. */
  | { readonly type: "expect"; readonly origin: Origin; readonly capacity: number }
  /** A connection is open and takes `capacity` leases at a time, 1 by default. */
  | {
      readonly type: "connected";
      readonly connection: ConnectionRecord<C, W>;
      readonly random: number;
      readonly capacity?: number | undefined;
    }
  /** The peer changed how many leases a connection takes: at least 1. Present leases above it go on. */
  | { readonly type: "capacity"; readonly connection: ConnectionRecord<C, W>; readonly capacity: number }
  | { readonly type: "connect-failed"; readonly connection: ConnectionRecord<C, W>; readonly error: unknown }
  /** The exchange is over. `reason`: the connection must not be used again. */
  | {
      readonly type: "release";
      readonly connection: ConnectionRecord<C, W>;
      readonly hints: ServerHints;
      readonly reason: RetireReason | undefined;
      /** Whether a response came; `undefined` where the exchange proves nothing about the server. */
      readonly answered?: boolean | undefined;
    }
  /** Its caller has all it wants: the exchange goes on for the sake of the connection alone. */
  | { readonly type: "linger"; readonly connection: ConnectionRecord<C, W> }
  /** What was learned of an origin elsewhere or before. */
  | { readonly type: "restore"; readonly origin: Origin; readonly memory: LimitMemory }
  /** The socket of an idle or active connection is gone or cannot be trusted. */
  | {
      readonly type: "lost";
      readonly connection: ConnectionRecord<C, W>;
      readonly reason: RetireReason;
      /** The event loop was blocked: it may have happened some time ago. */
      readonly late?: boolean;
    }
  | { readonly type: "tick" }
  /** Some connections have no future: idle ones go now, active ones when released. */
  | {
      readonly type: "retire";
      readonly connections: readonly ConnectionRecord<C, W>[];
      readonly reason: RetireReason;
    }
  /** Retire what is open, of one origin or of all: idle ones now, active ones when released. */
  | { readonly type: "drain"; readonly origin?: string | undefined; readonly reason: RetireReason }
  /** Retire every idle connection: the machine slept. */
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
  /** No connection is at hand; `queued` waiters of the origin wait, this one included. */
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
      readonly error?: unknown;
    }
  /** The connection is idle: watch it. */
  | { readonly type: "park"; readonly connection: ConnectionRecord<C, W> }
  /** The idle limit of an origin changed, or there is more to remember of it. */
  | {
      readonly type: "learned";
      readonly originRecord: OriginRecord<C, W>;
      readonly idleMs: number;
      readonly previousMs: number;
    }
  | {
      readonly type: "close";
      readonly connection: ConnectionRecord<C, W>;
      readonly reason: RetireReason;
      /** The state it was in. */
      readonly from: State;
      readonly idleMs: number;
      readonly error?: unknown;
    };
