/** Tracing: what the real SDK of OpenTelemetry exports of calls to a pool in memory. */

import { describe, it } from "node:test";
import { type ContextManager, context, trace as otel, ROOT_CONTEXT } from "@opentelemetry/api";
import {
  BasicTracerProvider,
  InMemorySpanExporter,
  type ReadableSpan,
  type Sampler,
  SamplingDecision,
  SimpleSpanProcessor,
} from "@opentelemetry/sdk-trace-base";
import { assert, assertEquals, assertRejects, assertThrows } from "@std/assert";
import { Hono } from "hono";
import type { RequestOptions } from "../../src/fetch/request.ts";
import { forward, type UpstreamEnv, upstream } from "../../src/hono/mod.ts";
import type { PoolOptions } from "../../src/options/options.ts";
import { type TraceOptions, type TracerLike, trace } from "../../src/trace/mod.ts";
import type { MemoryOptions } from "../../transports/memory.ts";
import { settled } from "../support/clock.ts";
import { type Answers, service } from "../support/service.ts";

interface World {
  readonly options?: TraceOptions;
  readonly pool?: PoolOptions;
  readonly respond?: Answers;
  readonly memory?: MemoryOptions;
  readonly sampler?: Sampler;
  readonly tracer?: TracerLike;
}

/** A traced pool, and the spans that have ended. */
function traced({ options = {}, pool: ofPool, respond, memory, sampler, tracer }: World = {}) {
  const exporter = new InMemorySpanExporter();
  const provider = new BasicTracerProvider({
    ...(sampler === undefined ? {} : { sampler }),
    spanProcessors: [new SimpleSpanProcessor(exporter)],
  });
  const heard: Record<string, string>[] = [];
  const answers: Answers = (request) => {
    heard.push(Object.fromEntries(request.headers));
    return respond?.(request) ?? { body: "ok" };
  };
  const world = service(ofPool, answers, memory);
  const pool = trace(world.pool, tracer ?? provider.getTracer("test"), options);
  return { ...world, plain: world.pool, pool, heard, spans: () => exporter.getFinishedSpans() };
}

/** Peers that send one half of the body. */
const halfway: MemoryOptions = {
  respond: undefined,
  accept: (peer) => peer.onData(() => peer.send("HTTP/1.1 200 OK\r\nContent-Length: 8\r\n\r\nhalf")),
};

function only(spans: readonly ReadableSpan[]): ReadableSpan {
  assertEquals(spans.length, 1);
  return spans[0] as ReadableSpan;
}

const named = ({ events }: ReadableSpan): string[] => events.map(({ name }) => name);

const SERVER = { "server.address": "a.test", "server.port": 80 };
const URL_FULL = "http://a.test/items?id=REDACTED&REDACTED";

describe("A traced call", () => {
  it("is a span by the conventions, which ends with the body", async () => {
    const { pool, spans, clock } = traced();
    const { fetch } = pool;
    const response = await fetch("http://a.test/items?id=7&secret#part");
    await response.text();
    await clock.advance(40);
    const again = await pool.request("http://a.test/items?id=7&secret");
    await again.text();
    const [first, second] = spans() as [ReadableSpan, ReadableSpan];
    assertEquals([first.name, first.kind, first.status.code], ["GET", 2, 0]);
    assertEquals(first.attributes, {
      "http.request.method": "GET",
      ...SERVER,
      "url.full": URL_FULL,
      "http.response.status_code": 200,
      "network.protocol.name": "http",
      "network.protocol.version": "1.1",
      "network.peer.address": "a.test",
      "network.peer.port": 80,
      "holdfast.connection.id": 1,
      "holdfast.connection.reused": false,
      "holdfast.connection.request_number": 1,
      "holdfast.connection.idle_ms": 0,
      "holdfast.waited_ms": 0,
    });
    assertEquals(named(first), [
      "holdfast.request.queued",
      "holdfast.connection.opened",
      "holdfast.connection.acquired",
    ]);
    assertEquals(named(second), ["holdfast.connection.acquired"]);
    const { attributes } = second;
    assertEquals(
      [attributes["holdfast.connection.reused"], attributes["holdfast.connection.idle_ms"]],
      [true, 40],
    );
  });

  it("stays open until the body is over, and ends with a body that is dropped", async () => {
    const { pool, spans, transport, clock } = traced({ memory: halfway });
    const response = await pool.fetch("http://a.test/");
    await settled();
    assertEquals(spans().length, 0);
    transport.peers[0]?.send("half");
    assertEquals(await response.text(), "halfhalf");
    assertEquals(spans().length, 1);
    const dropped = await pool.fetch("http://a.test/");
    await dropped.body?.cancel();
    await clock.advance(1000);
    assertEquals([spans().length, spans()[1]?.status.code], [2, 0]);
    const discarded = await pool.request("http://a.test/");
    discarded.discard();
    await clock.advance(1000);
    assertEquals([spans().length, spans()[2]?.status.code], [3, 0]);
  });

  it("has its redirects as events, and their number", async () => {
    const respond: Answers = ({ path }) =>
      path === "/" ? { status: 302, headers: { location: "http://b.test/there?x=1" } } : { body: "there" };
    const { pool, spans, heard } = traced({ respond });
    await (await pool.fetch("http://a.test/")).text();
    const span = only(spans());
    assertEquals(span.attributes["http.request.resend_count"], 1);
    assertEquals(span.attributes["http.response.status_code"], 200);
    const moved = span.events.find(({ name }) => name === "holdfast.redirected");
    assertEquals(moved?.attributes?.["server.address"], "b.test");
    assertEquals(heard[0]?.traceparent, heard[1]?.traceparent);
  });
});

describe("Where a traced pool is used", () => {
  it("a span has the parent that is active in the call", async () => {
    let active = ROOT_CONTEXT;
    const manager: ContextManager = {
      active: () => active,
      with: (to, run, self, ...args) => {
        const before = active;
        active = to;
        try {
          return run.apply(self as ThisParameterType<typeof run>, args);
        } finally {
          active = before;
        }
      },
      bind: (_, target) => target,
      enable: () => manager,
      disable: () => manager,
    };
    context.setGlobalContextManager(manager);
    try {
      const { pool, spans } = traced();
      const parent = { traceId: "a".repeat(32), spanId: "b".repeat(16), traceFlags: 1 };
      const within = otel.setSpanContext(ROOT_CONTEXT, parent);
      const response = await context.with(within, () => pool.fetch("http://a.test/"));
      await response.text();
      assertEquals(only(spans()).parentSpanContext?.spanId, parent.spanId);
    } finally {
      context.disable();
    }
  });

  it("a handler of Hono has it, and what forward() sends is a span", async () => {
    const { pool, spans, heard } = traced();
    const app = new Hono<UpstreamEnv>();
    app.use(upstream(pool));
    app.get("/own", async (c) => c.text(await (await c.var.upstream.fetch("http://a.test/own")).text()));
    app.get("*", (c) => forward(c, "http://a.test"));
    assertEquals(await (await app.request("/own")).text(), "ok");
    assertEquals(await (await app.request("/forwarded")).text(), "ok");
    assertEquals(
      spans().map(({ attributes }) => attributes["url.full"]),
      ["http://a.test/own", "http://a.test/forwarded"],
    );
    assert(heard.every(({ traceparent }) => traceparent !== undefined));
  });

  it("an upgrade ends with its answer, whose socket goes on", async () => {
    const accept: MemoryOptions["accept"] = (peer) =>
      peer.onData(() => peer.send("HTTP/1.1 101 Switching\r\nConnection: upgrade\r\nUpgrade: raw\r\n\r\n"));
    const { pool, spans, events } = traced({ memory: { respond: undefined, accept } });
    const { socket } = await pool.upgrade("http://a.test/", { protocol: "raw", tag: "mine" });
    assert(socket !== undefined);
    const { attributes } = only(spans());
    assertEquals([attributes["http.response.status_code"], attributes["http.request.method"]], [101, "GET"]);
    assert(events.some((event) => event.type === "request.started" && event.tag instanceof Object));
    socket.abort();
  });
});

describe("Propagation", () => {
  const parent = (span: ReadableSpan): string => {
    const { traceId, spanId } = span.spanContext();
    return `00-${traceId}-${spanId}-01`;
  };

  it("sends the traceparent of the span by every way to call", async () => {
    const { pool, spans, heard } = traced();
    await (await pool.fetch("http://a.test/", { headers: { "x-own": "1" } })).text();
    await (await pool.fetch(new Request("http://a.test/", { headers: { "x-own": "1" } }))).text();
    await (
      await pool.fetch("http://a.test/", new Request("http://b.test/", { headers: { "x-own": "1" } }))
    ).text();
    await (await pool.request("http://a.test/", { headers: [["X-Own", "1"]] })).text();
    assertEquals(
      heard.map((headers) => headers.traceparent),
      spans().map(parent),
    );
    assertEquals(
      heard.map((headers) => headers["x-own"] ?? headers["X-Own"]),
      ["1", "1", "1", "1"],
    );
  });

  it("leaves a header of the caller alone, sends what a function sets, and can be off", async () => {
    const own = traced();
    await (await own.pool.fetch("http://a.test/", { headers: { TraceParent: "mine" } })).text();
    assertEquals(own.heard[0]?.traceparent, "mine");
    const off = traced({ options: { propagate: false } });
    await (await off.pool.fetch("http://a.test/")).text();
    assertEquals(off.heard[0]?.traceparent, undefined);
    const b3 = traced({
      options: { propagate: (span, set) => set("b3", `${span.spanContext().traceId}-1`) },
    });
    await (await b3.pool.request("http://a.test/")).text();
    assertEquals(b3.heard[0]?.b3, `${only(b3.spans()).spanContext().traceId}-1`);
  });

  it("goes on with a span that is not sampled, which nobody listens for", async () => {
    const sampler: Sampler = { shouldSample: () => ({ decision: SamplingDecision.NOT_RECORD }) };
    const { pool, spans, heard, events } = traced({ sampler });
    await (await pool.fetch("http://a.test/")).text();
    assertEquals(spans(), []);
    assert(heard[0]?.traceparent?.endsWith("-00"));
    assert(events.every((event) => !("tag" in event)));
  });
});

describe("A failure", () => {
  it("is recorded with its code, what was sent, and the peer", async () => {
    const { pool, spans } = traced({ memory: { connect: () => "refused" } });
    await assertRejects(() => pool.fetch("http://a.test/"), TypeError);
    const span = only(spans());
    assertEquals(span.attributes["error.type"], "ERR_CONNECT");
    assertEquals(span.attributes["holdfast.error.sent"], "none");
    assertEquals(span.status.code, 2);
    assertEquals(named(span).at(-1), "exception");
  });

  it("is a status of 400 and above, without an exception", async () => {
    const { pool, spans } = traced({ respond: () => ({ status: 503 }) });
    await (await pool.request("http://a.test/", { method: "PURGE" })).text();
    const span = only(spans());
    assertEquals([span.name, span.status], ["HTTP", { code: 2 }]);
    assertEquals(span.attributes["error.type"], "503");
    assertEquals(span.attributes["http.request.method_original"], "PURGE");
    assert(!named(span).includes("exception"));
  });

  it("of the caller's signal is the signal's, with the body as before it", async () => {
    const { pool, spans } = traced({ memory: halfway });
    const abort = new AbortController();
    const response = await pool.fetch("http://a.test/", { signal: abort.signal });
    abort.abort();
    await assertRejects(() => response.text(), DOMException);
    assertEquals(only(spans()).attributes["error.type"], "AbortError");
    await assertRejects(() => pool.fetch("http://a.test/", { signal: AbortSignal.abort() }), DOMException);
    assertEquals(spans()[1]?.attributes["error.type"], "AbortError");
  });

  it("of the tracer is nobody's: the call goes on", async () => {
    const fail = (): never => {
      throw new Error("broken tracer");
    };
    const broken: TracerLike = { startSpan: fail };
    const { pool } = traced({ tracer: broken });
    assertEquals(await (await pool.fetch("http://a.test/")).text(), "ok");
    const span = { isRecording: () => true, spanContext: fail, setAttributes: fail, addEvent: fail };
    const half = { startSpan: () => ({ ...span, recordException: fail, setStatus: fail, end: fail }) };
    const second = traced({ tracer: half, options: { url: fail } });
    assertEquals(await (await second.pool.fetch("http://a.test/")).text(), "ok");
    assertEquals(second.pool.stats().listenerErrors, 0);
  });
});

describe("A resend", () => {
  it("is an event, and counts", async () => {
    const respond: MemoryOptions["respond"] = ({ number }, peer) => {
      if (number === 2) peer.end();
      return number === 2 ? { headers: { "Content-Length": "9" } } : {};
    };
    const { pool, spans } = traced({ memory: { respond } });
    await (await pool.fetch("http://a.test/")).text();
    await (await pool.fetch("http://a.test/")).text();
    const span = spans()[1] as ReadableSpan;
    assertEquals(span.attributes["http.request.resend_count"], 1);
    assert(named(span).includes("holdfast.request.retried"));
  });
});

describe("trace()", () => {
  it("gives a whole pool, whose wrong calls are refused as before", async () => {
    const { pool, plain, spans } = traced();
    assertEquals(pool.fetch.length, 1);
    await assertRejects(() => pool.fetch("nonsense"), TypeError);
    await assertRejects(
      () => pool.request("http://a.test/", { nonsense: 1 } as RequestOptions),
      TypeError,
      "nonsense",
    );
    await assertRejects(() => pool.fetch("http://a.test/", { holdfast: 5 as never }), TypeError, "holdfast");
    assertEquals(await (await pool.fetch("data:,hello")).text(), "hello");
    assertEquals(
      spans().map(({ status }) => status.code),
      [2, 2],
    );
    await pool.preconnect("http://a.test/");
    assertEquals(pool.stats().opened, plain.stats().opened);
    assertEquals(pool.explain("http://a.test/"), plain.explain("http://a.test/"));
    pool.drain();
    await pool.close();
    await assertRejects(() => pool.request("http://a.test/"));
  });

  it("refuses what is no pool, no tracer and no option", () => {
    const { plain } = traced();
    const tracer: TracerLike = {
      startSpan: () => {
        throw new Error("unused");
      },
    };
    assertThrows(() => trace({} as never, tracer), TypeError, "pool must be");
    assertThrows(() => trace(plain, {} as never), TypeError, "startSpan");
    assertThrows(() => trace(plain, tracer, { propagate: "w3c" as never }), TypeError, "propagate");
    assertThrows(() => trace(plain, tracer, { nope: 1 } as never), TypeError, "nope");
  });

  it("keeps the caller's tag, and can stand on a traced pool", async () => {
    const { pool, events, spans } = traced();
    const outer = trace(pool, {
      startSpan: () => {
        throw new Error("no");
      },
    });
    await (await outer.request("http://a.test/", { tag: "mine" })).text();
    const started = events.find(({ type }) => type === "request.started");
    assertEquals((started as { tag?: { tag?: unknown } }).tag?.tag, "mine");
    assertEquals(spans().length, 1);
  });
});
