/** `keepAlive()` on the wire: what it announces and when connections end, under every server of this runtime. */

import { after, describe, it } from "node:test";
import { assert, assertEquals } from "@std/assert";
import { Hono } from "hono";
import {
  type KeepAliveEvent,
  type KeepAliveOptions,
  type KeepAliveVariables,
  keepAlive,
} from "../../../src/hono/mod.ts";
import type { KeepAliveRules } from "../../../src/inbound/keep-alive-rules.ts";
import { PATIENT } from "../../support/patience.ts";
import type { Listening } from "../../support/serve.ts";
import { assertIdleAtLeast, usedTwice } from "../support/idle.ts";
import { RawClient, type RawResponse } from "../support/raw-client.ts";
import { SERVERS } from "../support/servers.ts";

const pause = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));

/** `Connection` and `Keep-Alive` of a response. */
function announced({ headers }: RawResponse): string[] {
  return [headers.get("connection") ?? "", headers.get("keep-alive") ?? ""];
}

/** A stream of pieces with pauses between them. */
function slowStream(pieces: readonly string[], gapMs: number): ReadableStream<Uint8Array> {
  const left = [...pieces];
  return new ReadableStream(
    {
      async pull(controller) {
        const piece = left.shift();
        if (piece === undefined) return controller.close();
        controller.enqueue(new TextEncoder().encode(piece));
        if (left.length > 0) await pause(gapMs);
      },
    },
    { highWaterMark: 0 },
  );
}

interface Application {
  readonly app: Hono<{ Variables: KeepAliveVariables }>;
  /** Paths of the requests whose handler ran. */
  readonly executed: string[];
  readonly events: KeepAliveEvent[];
}

function application(rules: KeepAliveRules, options: KeepAliveOptions = {}): Application {
  const executed: string[] = [];
  const events: KeepAliveEvent[] = [];
  const app = new Hono<{ Variables: KeepAliveVariables }>();
  app.use(keepAlive(rules, { onEvent: (event) => events.push(event), ...options }));
  app.use(async (c, next) => {
    executed.push(c.req.path);
    await next();
  });
  app.get("/text", (c) => c.text("hello"));
  app.get("/info", (c) => c.json(c.var.keepAlive));
  app.get("/empty", (c) => c.body(null, 204));
  app.get("/plain", () => new Response("hello"));
  app.get("/stream", (c) => c.body(slowStream(["one", "two", "three"], 10)));
  app.get("/silent", (c) => c.body(slowStream(["one", "two"], 5200)));
  app.get("/fails", () => {
    throw new Error("on purpose");
  });
  app.get("/closes", (c) => c.text("bye", 200, { connection: "close" }));
  app.get("/slow", async (c) => {
    await pause(150);
    return c.text("slow");
  });
  app.onError((_error, c) => c.text("failed", 500));
  return { app, executed, events };
}

for (const server of SERVERS) {
  const enforced = server.enforcement === "enforced";

  describe(`keepAlive() under ${server.name}`, () => {
    let listening: Listening | undefined;
    const clients: RawClient[] = [];

    async function serve(app: Application["app"]): Promise<Listening> {
      await listening?.close();
      listening = await server.serve(app);
      return listening;
    }

    async function client(): Promise<RawClient> {
      const opened = await RawClient.open(listening?.port ?? 0);
      clients.push(opened);
      return opened;
    }

    /**
     * Asserts that the connection ends. If the server cannot enforce it, the next request must count as on a new one.
     */
    async function endsAfter(raw: RawClient, first: string): Promise<void> {
      if (enforced) return void (await raw.end());
      raw.get("/text");
      assertEquals((await raw.response()).headers.get("keep-alive"), first);
    }

    after(async () => {
      for (const raw of clients) raw.abort();
      await listening?.close();
    });

    it("counts requests down, and ends the connection after the last one", PATIENT, async () => {
      const { app, events } = application({ idleTimeout: "5s", maxRequests: 3 });
      await serve(app);
      const raw = await client();
      const answers: string[][] = [];
      for (let count = 0; count < 3; count++) {
        raw.get("/text");
        const response = await raw.response();
        assertEquals([response.status, response.body], [200, "hello"]);
        answers.push(announced(response));
      }
      assertEquals(answers, [
        ["keep-alive", "timeout=4, max=2"],
        ["keep-alive", "timeout=4, max=1"],
        ["close", ""],
      ]);
      await endsAfter(raw, "timeout=4, max=2");
      const ended = events.flatMap((event) =>
        event.type === "inbound.ended" ? [[event.reason, event.requests]] : [],
      );
      assertEquals(ended, [["max-requests", 3]]);
    });

    it(
      "reports once what the server cannot do, and shows the enforcement in each request",
      PATIENT,
      async () => {
        const { app, events } = application({});
        await serve(app);
        const raw = await client();
        const seen: unknown[] = [];
        for (let count = 0; count < 2; count++) {
          raw.get("/info");
          const info = JSON.parse((await raw.response()).body);
          seen.push([info.enforcement, info.requestNumber, info.ageMs >= 0]);
        }
        assertEquals(seen, [
          [server.enforcement, 1, true],
          [server.enforcement, 2, true],
        ]);
        const limited = events.filter(({ type }) => type === "enforcement.limited");
        assertEquals(limited.length, enforced ? 0 : 1);
      },
    );

    it("ends a connection past its lifetime with the next response", PATIENT, async () => {
      let now = 1000;
      const clock = {
        now: () => now,
        wall: () => now,
        schedule: () => ({ cancel() {} }),
        turn: setImmediate,
      };
      const { app } = application({ maxLifetime: "10m", lifetimeJitter: 0.5 }, { clock, random: () => 0.5 });
      await serve(app);
      const raw = await client();
      const answers: string[] = [];
      for (const at of [
        1000,
        1000 + 74_000,
        1000 + 149_000,
        1000 + 224_000,
        1000 + 299_000,
        1000 + 374_000,
        1000 + 449_999,
        1000 + 450_000,
      ]) {
        now = at;
        raw.get("/text");
        answers.push(announced(await raw.response())[0] ?? "");
      }
      assertEquals(answers, [...Array(7).fill("keep-alive"), "close"]);
      await endsAfter(raw, "timeout=74");
    });

    it("keeps connections after errors, streams and empty responses", PATIENT, async () => {
      const { app } = application({ idleTimeout: "5s", maxRequests: 10 });
      await serve(app);
      const raw = await client();
      const answers: [number, string, string][] = [];
      for (const path of ["/fails", "/nowhere", "/stream", "/empty", "/plain", "/text"]) {
        raw.get(path);
        const { status, body, headers } = await raw.response();
        answers.push([status, path === "/nowhere" ? "" : body, headers.get("keep-alive") ?? ""]);
      }
      assertEquals(answers, [
        [500, "failed", "timeout=4, max=9"],
        [404, "", "timeout=4, max=8"],
        [200, "onetwothree", "timeout=4, max=7"],
        [204, "", "timeout=4, max=6"],
        [200, "hello", "timeout=4, max=5"],
        [200, "hello", "timeout=4, max=4"],
      ]);
    });

    it("ends the connection when the client or the handler asks for it", PATIENT, async () => {
      const { app } = application({});
      await serve(app);
      const asking = await client();
      asking.get("/text", "1.1", "Connection: TE, Close");
      const answer = await asking.response();
      // Deno adds a second `close`.
      assert(/^close(, close)?$/.test(answer.headers.get("connection") ?? ""), announced(answer).join());
      assertEquals(answer.headers.has("keep-alive"), false);
      await asking.end();
      const closing = await client();
      closing.get("/closes");
      assertEquals(announced(await closing.response()), ["close", ""]);
      await endsAfter(closing, "timeout=74");
    });

    it("follows the rules of HTTP/1.0", PATIENT, async () => {
      const { app } = application({ idleTimeout: "5s" });
      await serve(app);
      const plain = await client();
      plain.get("/text", "1.0");
      const answer = await plain.response();
      assertEquals(answer.body, "hello");
      if (server.tells10) assertEquals(announced(answer), ["close", ""]);
      await plain.end();
      const asking = await client();
      asking.get("/text", "1.0", "Connection: keep-alive");
      const kept = await asking.response();
      assertEquals(kept.body, "hello");
      if (!server.keeps10) return void (await asking.end());
      assert((kept.headers.get("connection") ?? "").startsWith("keep-alive"));
      assertEquals(kept.headers.get("keep-alive"), "timeout=4");
      asking.get("/text", "1.0", "Connection: keep-alive");
      assertEquals((await asking.response()).body, "hello");
    });

    it(
      "closes an idle connection after the announced time, and does not cut off a response that pauses",
      PATIENT,
      async () => {
        const { app } = application({ idleTimeout: "2s" });
        await serve(app);
        const silent = await client();
        silent.get("/silent");
        const used = await usedTwice(client, ["/text", "/text"], 2000);
        for (const answer of used.answers) assertEquals(announced(answer), ["keep-alive", "timeout=1"]);
        if (enforced) {
          await assertIdleAtLeast(used, 2000);
        } else {
          await pause(2500);
          assertEquals(used.raw.closed, false);
        }
        const paused = await silent.response();
        assertEquals([paused.status, paused.body], [200, "onetwo"]);
      },
    );

    it("executes no request that is pipelined behind the last response", PATIENT, async () => {
      const { app, executed } = application({ maxRequests: 2 });
      await serve(app);
      const raw = await client();
      const paths = [server.queues ? "/slow" : "/text", "/empty", "/text", "/text"];
      for (const path of paths) raw.get(path);
      assertEquals((await raw.response()).status, 200);
      assertEquals(announced(await raw.response())[0], "close");
      if (!enforced) return;
      await raw.end();
      assertEquals(executed, paths.slice(0, 2));
    });

    it("survives clients that go away at any moment", PATIENT, async () => {
      const { app } = application({ maxRequests: 5 });
      await serve(app);
      const cut = await client();
      cut.send("GET /text HTTP/1.1\r\nHost: a");
      await pause(20);
      cut.abort();
      const waiting = await client();
      waiting.get("/slow");
      await pause(20);
      waiting.abort();
      const reading = await client();
      reading.get("/stream");
      await reading.heard("one");
      reading.abort();
      await pause(300);
      const next = await client();
      next.get("/text");
      assertEquals(announced(await next.response()), ["keep-alive", "timeout=74, max=4"]);
    });

    it("tracks a thousand connections at once", PATIENT, async () => {
      const { app } = application({ idleTimeout: "60s", maxRequests: 4 });
      await serve(app);
      const many = await Promise.all(Array.from({ length: 1000 }, client));
      for (const max of [3, 2, 1]) {
        for (const raw of many) raw.get("/text");
        const answers = await Promise.all(many.map((raw) => raw.response()));
        const other = answers.filter(({ headers }) => headers.get("keep-alive") !== `timeout=59, max=${max}`);
        assertEquals(other.length, 0);
      }
      for (const raw of many) raw.abort();
    });
  });
}

describe("keepAlive() without a connection", () => {
  it("changes nothing under app.request()", async () => {
    const { app } = application({ maxRequests: 1 });
    for (let count = 0; count < 2; count++) {
      const response = await app.request("/info");
      assertEquals(await response.json(), { enforcement: "none" });
      assertEquals([response.headers.get("connection"), response.headers.get("keep-alive")], [null, null]);
    }
  });

  it("changes nothing for a request that becomes a WebSocket, and for bindings of another kind", async () => {
    const { app } = application({ maxRequests: 1 });
    const upgrade = {
      incoming: { socket: {}, httpVersionMajor: 1, httpVersionMinor: 1, headers: {} },
      outgoing: undefined,
    };
    for (const env of [
      upgrade,
      { server: "west-1" },
      { KV: {}, remoteAddr: { transport: "unix", path: "/tmp/a" } },
    ]) {
      const response = await app.request("/info", {}, env);
      assertEquals(await response.json(), { enforcement: "none" });
      assertEquals(response.headers.get("connection"), null);
    }
  });
});
