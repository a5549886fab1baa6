/** `shutdown()`: ends a server and its pools in order, within a deadline. */

import { type Clock, systemClock } from "../contract/clock.ts";
import { type Duration, toMs } from "../contract/duration.ts";
import { objectWith, refuseUnknown } from "../options/checks.ts";
import type { ServerKind } from "./server-adapter.ts";
import { type ShutdownServer, type StoppableServer, stoppable } from "./stoppable-server.ts";

/** What {@linkcode shutdown} needs of a pool. */
export interface ClosablePool {
  /** Ends the pool; exchanges may go on for `timeout`. */
  close(options?: { readonly timeout?: Duration }): Promise<void>;
}

/** Options of {@linkcode shutdown}. */
export interface ShutdownOptions {
  /** Pools to close when no request runs any more, because handlers use them. @default none */
  readonly pool?: ClosablePool | readonly ClosablePool[];
  /**
   * How long running requests may take. What is left then is cut off. `Infinity`: as long as they like. Choose less than
   * your platform waits before it kills the process (Kubernetes 30 s, Docker 10 s, Heroku 30 s).
   *
   * @default "10s"
   */
  readonly timeout?: Duration;
  /** Cuts off what still runs when it is aborted, as at the deadline. @default none */
  readonly signal?: AbortSignal;
  /** The clock, for tests. @default the runtime's */
  readonly clock?: Clock;
}

/** What {@linkcode shutdown} did. */
export interface ShutdownReport {
  /** The kind of server. */
  readonly server: ServerKind;
  /**
   * Requests that were running when the shutdown began, and ended by themselves. On @hono/node-server the connections are
   * counted that had a request, and on Deno.serve the requests that `keepAlive()` saw.
   */
  readonly ended: number;
  /**
   * Requests (on @hono/node-server: connections) that still ran at the deadline, and were cut off. Deno.serve cannot cut
   * them off: they run on until the process exits.
   */
  readonly cut: number;
  /** How long the shutdown took, pools included, in ms. */
  readonly ms: number;
}

interface Settings {
  readonly pools: readonly ClosablePool[];
  readonly timeoutMs: number;
  readonly signal: AbortSignal | undefined;
  readonly clock: Clock;
}

const KNOWN: Readonly<Record<keyof ShutdownOptions, true>> = {
  pool: true,
  timeout: true,
  signal: true,
  clock: true,
};

/** How often is looked whether the last request has ended. */
const POLL_MS = 20;

/** How long a server may take to end the connections that it was told to cut off. */
const FORCED_MS = 1000;

/** After so many turns of the event loop without anything new, everything was read: a turn can begin after its sockets were polled. */
const QUIET_TURNS = 4;

/** A server to which new connections come all the time stops nevertheless. */
const MOST_TURNS = 200;

const shutdowns: WeakMap<object, Promise<ShutdownReport>> = new WeakMap();

/**
 * Ends a server in order: it refuses new connections, ends idle ones, says `Connection: close` (GOAWAY over HTTP/2) with
 * each response that begins now, lets running requests end, and then closes the pools. What is not done within `timeout`
 * is cut off. Mount `keepAlive()`, which says `close`; without it, connections are still ended after their response.
 *
 * Later calls for the same server get the report of the first, whatever their options are.
 *
 * @throws {TypeError | RangeError} (rejects) for anything that is no server, for an unknown or wrong option; it names the
 * option and the value.
 *
 * @example
 * ```ts
 * process.once("SIGTERM", async () => {
 *   const { ended, cut } = await shutdown(server, { pool, timeout: "8s" });
 *   console.log(`${ended} requests ended, ${cut} were cut off`);
 *   process.exit(0);
 * });
 * ```
 */
export async function shutdown(
  server: ShutdownServer,
  options: ShutdownOptions = {},
): Promise<ShutdownReport> {
  const settings = resolveShutdown(options);
  const target = stoppable(server);
  const begun = shutdowns.get(server);
  if (begun !== undefined) return await begun;
  const report = run(target, settings);
  shutdowns.set(server, report);
  return await report;
}

function resolveShutdown(options: ShutdownOptions): Settings {
  objectWith(options, "options", []);
  refuseUnknown(options, KNOWN, "shutdown option");
  const { pool = [], timeout = "10s", signal, clock = systemClock } = options;
  const pools = Array.isArray(pool) ? (pool as readonly ClosablePool[]) : [pool as ClosablePool];
  for (const one of pools) objectWith(one, "pool", ["close"]);
  if (signal !== undefined) objectWith(signal, "signal", ["addEventListener"]);
  objectWith(clock, "clock", ["now", "schedule", "turn"]);
  return { pools, timeoutMs: toMs(timeout, "timeout"), signal, clock };
}

async function run(target: StoppableServer, settings: Settings): Promise<ShutdownReport> {
  const { clock, pools, timeoutMs } = settings;
  const startedAt = clock.now();
  const deadline = startedAt + timeoutMs;
  clock.ref?.(true);
  try {
    await readReceived(target, settings);
    if (target.resetsSilent) await awaitFirstBytes(settings);
    const running = target.kind === "node" ? undefined : target.running();
    const stopped = watched(target.stop());
    // On Node a connection that was idle is counted until its socket has said that it is closed.
    await new Promise<void>((resolve) => clock.turn(resolve));
    const atFirst = await (running ?? target.running());
    const isEnded = await lastEnded(target, stopped, settings, deadline);
    const cut = isEnded ? 0 : await target.running();
    if (!isEnded) {
      target.force();
      await lastEnded(target, stopped, { clock, signal: undefined }, clock.now() + FORCED_MS);
    }
    const graceMs = isEnded ? Math.max(0, deadline - clock.now()) : 0;
    await Promise.all(pools.map((pool) => pool.close({ timeout: graceMs })));
    return { server: target.kind, ended: Math.max(0, atFirst - cut), cut, ms: clock.now() - startedAt };
  } finally {
    clock.ref?.(false);
  }
}

/**
 * Lets the server read what its clients have sent already. A server that was busy has connections that it has not accepted
 * yet, or has not read. If it stops now, they are reset with their first request, which few clients send again: Bun 1.4
 * resets both kinds, Node 20 to 24 the first. Bun accepts all of them in one turn of the event loop, and Node one per turn.
 */
async function readReceived(target: StoppableServer, { clock, signal }: Settings): Promise<void> {
  let before = await target.running();
  for (let turns = 0, quiet = 0; turns < MOST_TURNS && quiet < QUIET_TURNS; turns++) {
    if (signal?.aborted === true) return;
    await new Promise<void>((resolve) => clock.turn(resolve));
    const now = await target.running();
    quiet = now > before ? 0 : quiet + 1;
    before = now;
  }
}

/**
 * Gives new connections the time for their first request that other servers give them after they are stopped. Bun shows no
 * connection before its first byte, so nothing says whether there is one: all that helps is to stop later.
 */
async function awaitFirstBytes({ clock, signal, timeoutMs }: Settings): Promise<void> {
  const ms = Math.min(POLL_MS, timeoutMs);
  if (ms === 0 || signal?.aborted === true) return;
  await new Promise<void>((resolve) => clock.schedule(ms, resolve));
}

/** Whether a promise has settled. */
function watched(promise: Promise<unknown>): { isSettled: boolean } {
  const state = { isSettled: false };
  const settle = (): void => {
    state.isSettled = true;
  };
  promise.then(settle, settle);
  return state;
}

/** Waits for the last connection. Resolves with `false` at the deadline, and when the signal is aborted. */
async function lastEnded(
  target: StoppableServer,
  stopped: { readonly isSettled: boolean },
  { clock, signal }: Pick<Settings, "clock" | "signal">,
  deadline: number,
): Promise<boolean> {
  for (;;) {
    target.endIdle();
    if (stopped.isSettled) return true;
    if (target.kind === "node" && (await target.running()) === 0) return true;
    if (signal?.aborted === true || clock.now() >= deadline) return false;
    const pauseMs = Math.min(POLL_MS, deadline - clock.now());
    await new Promise<void>((resolve) => clock.schedule(pauseMs, resolve));
  }
}
