/**
 * Run by process-ref.test.ts: a program that has nothing to do but wait for its pool, or that waits for nothing. It prints
 * what happened, and must end by itself.
 *
 *     process-ref-child.ts <case> <port of the server>
 */

import { createPool, type PoolOptions } from "../../mod.ts";

const [name = "", port = ""] = process.argv.slice(2);
const url = `http://127.0.0.1:${port}`;
const one: PoolOptions = { maxConnectionsPerOrigin: 1 };
const forever = new Promise<never>(() => {});

/**
 * What stays reachable while the process lives. A response or stream that is collected as garbage ends its connection, and
 * a process that it kept alive would end after all, some seconds later.
 */
const kept: unknown[] = [];

/** How a promise was settled. */
async function outcome(promise: Promise<unknown>): Promise<string> {
  try {
    return String(await promise);
  } catch (error) {
    const { cause = error } = error as { cause?: unknown };
    return String((cause as { code?: string }).code ?? cause);
  }
}

/** Gets a response whose body of 2 MB nobody reads, and waits until its socket is paused. */
async function unread(pool: ReturnType<typeof createPool>): Promise<Response> {
  const response = await pool.fetch(`${url}/large`);
  kept.push(response);
  await new Promise((resolve) => setTimeout(resolve, 100));
  return response;
}

/** Each waits for something, and prints how that ended. */
const AWAITED: Readonly<Record<string, () => Promise<string>>> = {
  async "a fetch that is queued behind an unread body"() {
    const pool = createPool({ ...one, acquireTimeout: "300ms" });
    // A connect attempt that nobody waits for has no limit here: a busy machine may need longer.
    await pool.preconnect(url);
    const kept = await unread(pool);
    return (await outcome(pool.fetch(url))) + kept.status;
  },
  async "a request that is queued, without a time limit, until a signal ends it"() {
    const pool = createPool({ ...one, acquireTimeout: Infinity });
    const kept = await unread(pool);
    const signal = new AbortController();
    const queued = outcome(pool.request(url, { signal: signal.signal }));
    unrefTimer(setTimeout(() => signal.abort("given up"), 300));
    return (await queued) + kept.status;
  },
  async "a connect attempt whose name is never looked up"() {
    const pool = createPool({ connectTimeout: "300ms", resolve: () => forever });
    return outcome(pool.fetch("http://a.test/"));
  },
  async "a preconnect whose name is never looked up"() {
    const pool = createPool({ connectTimeout: "300ms", resolve: () => forever });
    return outcome(pool.preconnect("http://a.test/"));
  },
  async "a TLS handshake that is never answered"() {
    const pool = createPool({ connectTimeout: "300ms" });
    return outcome(pool.fetch(`https://127.0.0.1:${port}/`));
  },
  async "a response head that never comes"() {
    const pool = createPool({ headersTimeout: "300ms" });
    return outcome(pool.fetch(`${url}/silent`));
  },
  async "a response head that never comes on a connection that was idle"() {
    const pool = createPool();
    await (await pool.request(url)).text();
    await new Promise((resolve) => setTimeout(resolve, 50));
    return outcome(pool.request(`${url}/silent`, { headersTimeout: "300ms" }));
  },
  async "the text of a body that stops in the middle"() {
    const pool = createPool({ bodyIdleTimeout: "300ms" });
    return outcome((await pool.request(`${url}/half`)).text());
  },
  async "a read of a stream that stops in the middle"() {
    const pool = createPool({ bodyIdleTimeout: "300ms" });
    const reader = (await pool.fetch(`${url}/half`)).body?.getReader();
    await reader?.read();
    return outcome(reader?.read() ?? forever);
  },
  async "the text of a body whose socket was paused"() {
    const pool = createPool();
    const response = await unread(pool);
    return outcome(response.text().then((text) => text.length));
  },
  async "an upload that is not taken"() {
    const pool = createPool({ bodyIdleTimeout: "300ms" });
    const body = new Uint8Array(32 * 1024 * 1024);
    return outcome(pool.fetch(`${url}/deaf`, { method: "POST", body }));
  },
  async "an upload whose body never comes"() {
    const pool = createPool({ bodyIdleTimeout: "300ms" });
    const body = new ReadableStream({ pull: () => forever });
    return outcome(pool.fetch(`${url}/deaf`, { method: "POST", body, duplex: "half" }));
  },
  async "close() beside an unread body"() {
    const pool = createPool();
    const kept = await unread(pool);
    return (await outcome(pool.close({ timeout: "300ms" }))) + kept.status;
  },
  async "await using beside an unread body"() {
    {
      await using pool = createPool();
      await unread(pool);
      // The default would take 5 s.
      unrefTimer(setTimeout(() => void pool.close({ timeout: 0 }), 300));
    }
    return "disposed";
  },
};

/** Each leaves something behind that nobody waits for. */
const LEFT: Readonly<Record<string, () => Promise<void>>> = {
  async "an idle connection"() {
    await (await createPool({ dnsRefresh: "1s" }).request(url)).text();
  },
  async "connections that were never used"() {
    await createPool().preconnect(url, 2);
  },
  async "connections that are kept ready"() {
    await (await createPool({ minIdle: { count: 2, for: "1h" }, idleTimeout: "1s" }).request(url)).text();
  },
  async "an unread body of 2 MB"() {
    await unread(createPool());
  },
  async "an unread body that stops in the middle"() {
    kept.push(await createPool().fetch(`${url}/half`));
  },
  async "a stream of which one piece was read"() {
    const reader = (await createPool().fetch(`${url}/half`)).body?.getReader();
    kept.push(reader);
    await reader?.read();
  },
  async "a stream whose next piece was awaited and came"() {
    const pool = createPool();
    const reader = (await pool.fetch(`${url}/half`)).body?.getReader();
    await reader?.read();
    const awaited = reader?.read();
    await (await pool.fetch(`${url}/next-piece`)).text();
    await awaited;
    kept.push(reader);
  },
  async "a discarded body"() {
    (await createPool().request(`${url}/half`)).discard();
  },
  async "a queued request that was aborted"() {
    const pool = createPool(one);
    await unread(pool);
    const signal = new AbortController();
    const queued = outcome(pool.fetch(url, { signal: signal.signal }));
    signal.abort("given up");
    await queued;
  },
  async "a pool that was closed while requests waited in its queue"() {
    const pool = createPool(one);
    await unread(pool);
    const queued = outcome(pool.fetch(url));
    await pool.close({ timeout: 0 });
    await queued;
  },
};

/** A timer that does not itself keep the process alive. */
function unrefTimer(timer: unknown): void {
  const { Deno } = globalThis as { Deno?: { unrefTimer(id: unknown): void } };
  if (typeof timer === "number") Deno?.unrefTimer(timer);
  else (timer as { unref(): void }).unref();
}

const awaited = AWAITED[name];
if (awaited !== undefined) console.log(await awaited());
await LEFT[name]?.();
if (name in LEFT) console.log("left");
