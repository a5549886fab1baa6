/**
 * Run: random traffic from a Holdfast pool to `keepAlive()`, under one server. The limits are short, so that all of
 * them are reached all the time. The pool neither retries nor learns, so a single request on a connection that the
 * server has closed would be a failure.
 */

import { Hono } from "hono";
import { createPool, HoldfastError, type PoolEvent, type PoolOptions } from "../../mod.ts";
import { type KeepAliveEvent, type KeepAliveVariables, keepAlive } from "../../src/hono/mod.ts";
import type { ServerUnderTest } from "../../tests/hono/support/servers.ts";
import { Prng } from "../../tests/support/prng.ts";

/** What to do, and for how long. */
export interface InterplayOptions {
  readonly seconds: number;
  readonly seed: number;
  /** The number of callers. Each sends one request after the other. */
  readonly callers: number;
  /** Sends at least this many requests, however long that takes. */
  readonly least?: number;
}

/** The result. */
export interface InterplayResult {
  readonly requests: number;
  readonly posts: number;
  /** Responses that were wrong, and errors, by cause. */
  readonly failures: ReadonlyMap<string, number>;
  readonly opened: number;
  readonly reused: number;
  /** Connections that the server closed while the pool still had them. Each could have been a stale hit. */
  readonly closedUnderUs: number;
  /** Requests on a connection beyond the limits that were announced for it. */
  readonly beyond: number;
  readonly retired: Readonly<Record<string, number>>;
  /** The reasons for which the server ended connections. */
  readonly ended: ReadonlyMap<string, number>;
  /** The longest time for which this process was blocked, in ms. */
  readonly stoodStillMs: number;
}

/** The server announces 3 s. The pool subtracts a second, so it reuses connections that were idle for up to 2 s. */
const RULES = { idleTimeout: "4s", maxRequests: 300, maxLifetime: "5s", lifetimeJitter: 0.5 } as const;
const ANNOUNCED_IDLE_MS = 3000;
const LONGEST_PAUSE_MS = 4500;

/**
 * The distance between the pool's limit and the server's: the server keeps 4 s and announces 3 s, and the pool
 * subtracts a margin of 1 s. If the process is blocked for longer than this before the server reads a request, no
 * client can know.
 */
export const SLACK_MS = 2000;

const TICK_MS = 50;

/** In this run only the server's hints end a connection. */
const CLIENT: PoolOptions = {
  idleTimeout: Infinity,
  maxLifetime: Infinity,
  retry: false,
  learn: false,
  unsafeReuse: Infinity,
};

const sleep = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));

/** Runs the traffic against one server. */
export async function interplay(
  server: ServerUnderTest,
  { seconds, seed, callers, least = 0 }: InterplayOptions,
): Promise<InterplayResult> {
  const ended = new Map<string, number>();
  const listening = await server.serve(application(ended));
  const watch = watcher();
  const stillness = watchStillness();
  const pool = createPool({ ...CLIENT, onEvent: watch.note });
  const failures = new Map<string, number>();
  const counts = { requests: 0, posts: 0 };
  const until = performance.now() + seconds * 1000;
  const caller = async (number: number): Promise<void> => {
    const random = new Prng(seed * 1000 + number);
    while (performance.now() < until || counts.requests < least) {
      const post = random.below(5) < 2;
      counts.requests += 1;
      if (post) counts.posts += 1;
      const wrong = await ask(pool.fetch, listening.port, post, random);
      if (wrong !== undefined) add(failures, wrong);
      await sleep(Math.min(pauseMs(random), Math.max(0, until - performance.now())));
    }
  };
  await Promise.all(Array.from({ length: callers }, (_, number) => caller(number)));
  const { opened, reused, retired } = pool.stats();
  await pool.close();
  await listening.close();
  const { closedUnderUs, beyond } = watch;
  return {
    ...counts,
    failures,
    opened,
    reused,
    closedUnderUs: closedUnderUs(),
    beyond: beyond(),
    retired,
    ended,
    stoodStillMs: stillness.end(),
  };
}

/** Measures by how much timers were late at most. */
function watchStillness(): { end(): number } {
  let [last, longest] = [performance.now(), 0];
  const look = (): void => {
    const now = performance.now();
    longest = Math.max(longest, now - last - TICK_MS);
    last = now;
  };
  const timer = setInterval(look, TICK_MS);
  return {
    end() {
      look();
      clearInterval(timer);
      return longest;
    },
  };
}

/** Waves: all callers send for three seconds, then pause for a time near the limits. */
function pauseMs(random: Prng): number {
  const silent = performance.now() % 5000 > 3000;
  return silent || random.oneIn(40) ? random.next() * LONGEST_PAUSE_MS : random.next() * 30;
}

async function ask(
  fetch: ReturnType<typeof createPool>["fetch"],
  port: number,
  post: boolean,
  random: Prng,
): Promise<string | undefined> {
  const text = `${random.below(1e9)}`.repeat(1 + random.below(200));
  const path = random.among("echo", "stream", "late");
  const url = `http://127.0.0.1:${port}/${path}?${post ? "" : text.slice(0, 1000)}`;
  const init = post ? { method: "POST", body: text } : {};
  try {
    const response = await fetch(url, init);
    const body = await response.text();
    return body === (post ? text : text.slice(0, 1000)) ? undefined : `another's answer (${response.status})`;
  } catch (error) {
    const cause = error instanceof Error ? error.cause : undefined;
    return cause instanceof HoldfastError
      ? `${cause.code} ${cause.message.replace(/[#:\d]+/g, "…")}`
      : `${error}`;
  }
}

function application(ended: Map<string, number>): Hono<{ Variables: KeepAliveVariables }> {
  const app = new Hono<{ Variables: KeepAliveVariables }>();
  const onEvent = (event: KeepAliveEvent): void => {
    if (event.type === "inbound.ended") add(ended, event.reason);
  };
  app.use(keepAlive(RULES, { onEvent }));
  const given = async (request: Request): Promise<string> =>
    request.method === "POST" ? await request.text() : new URL(request.url).search.slice(1);
  app.all("/echo", async (c) => c.text(await given(c.req.raw)));
  app.all("/late", async (c) => {
    const text = await given(c.req.raw);
    await sleep(text.length % 40);
    return c.text(text);
  });
  app.all("/stream", async (c) => {
    const pieces = (await given(c.req.raw)).match(/.{1,300}/g) ?? [];
    return c.body(
      new ReadableStream({
        pull(controller) {
          const piece = pieces.shift();
          if (piece === undefined) controller.close();
          else controller.enqueue(new TextEncoder().encode(piece));
        },
      }),
    );
  });
  return app;
}

/** Watches whether the pool keeps to the announced limits. */
function watcher() {
  let closedUnderUs = 0;
  let beyond = 0;
  const note = (event: PoolEvent): void => {
    if (event.type === "connection.retired" && event.reason === "peer-closed") closedUnderUs += 1;
    if (event.type !== "connection.acquired") return;
    // A connection has no announced limit before its first response.
    const tooOld = event.requestNumber > 1 && event.idleMs >= ANNOUNCED_IDLE_MS;
    if (tooOld || event.requestNumber > RULES.maxRequests) beyond += 1;
  };
  return { note, closedUnderUs: () => closedUnderUs, beyond: () => beyond };
}

function add(counts: Map<string, number>, name: string): void {
  counts.set(name, (counts.get(name) ?? 0) + 1);
}

/** Whether no request met a connection that the server had closed. */
export function isFlawless({ failures, beyond, requests }: InterplayResult): boolean {
  return requests > 0 && failures.size === 0 && beyond === 0;
}
