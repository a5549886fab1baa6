/** Metrics: what a real OpenTelemetry SDK reads from a pool, with the names and buckets of the semantic conventions. */

import { describe, it } from "node:test";
import { DataPointType, MeterProvider, type MetricData, MetricReader } from "@opentelemetry/sdk-metrics";
import { assertEquals, assertRejects } from "@std/assert";
import { observe } from "../../mod.ts";
import type { PoolOptions } from "../../src/options/options.ts";
import type { MemoryOptions, MemoryPeer } from "../../transports/memory.ts";
import { settled } from "../support/clock.ts";
import { type Answers, service } from "../support/service.ts";

class Reader extends MetricReader {
  protected onShutdown = async () => {};
  protected onForceFlush = async () => {};
}

/** Attributes and value of one series. A histogram's value is its count, and its sum. */
type Point = [attributes: object, value: number | readonly [count: number, sum: number | undefined]];

/** An observed pool, its SDK, and connect attempts that take 20 ms. */
function observed(options: PoolOptions = {}, respond?: Answers, memory: MemoryOptions = {}) {
  const scheduler: MemoryOptions["scheduler"] = {
    schedule: (delayMs, callback) => world.clock.schedule(delayMs, callback),
  };
  const connect = () => ({ outcome: "accept", delayMs: 20 }) as const;
  const world = service(options, respond, { scheduler, connect, ...memory });
  const reader = new Reader();
  const provider = new MeterProvider({ readers: [reader] });
  const stop = observe(world.pool, provider.getMeter("test"));
  const read = async (): Promise<readonly MetricData[]> => {
    const { resourceMetrics } = await reader.collect();
    return resourceMetrics.scopeMetrics.flatMap(({ metrics }) => metrics);
  };
  const points = async (name: string): Promise<Point[]> =>
    pointsOf((await read()).find(({ descriptor }) => descriptor.name === name));
  return { ...world, read, points, stop };
}

function pointsOf(metric: MetricData | undefined): Point[] {
  switch (metric?.dataPointType) {
    case DataPointType.HISTOGRAM:
      return metric.dataPoints.map(({ attributes, value }) => [attributes, [value.count, value.sum]]);
    case DataPointType.SUM:
      return metric.dataPoints.map(({ attributes, value }) => [attributes, value]);
    default:
      return [];
  }
}

const REQUEST_BUCKETS = [0.005, 0.01, 0.025, 0.05, 0.075, 0.1, 0.25, 0.5, 0.75, 1, 2.5, 5, 7.5, 10];
const CONNECTION_BUCKETS = [0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1, 2, 5, 10, 30, 60, 120, 300];

/** `true`: only goes up. Buckets: a histogram. */
type Shape = readonly [unit: string, shape: boolean | number[]];

const CONVENTIONS: Readonly<Record<string, Shape>> = {
  "http.client.open_connections": ["{connection}", false],
  "http.client.connection.duration": ["s", CONNECTION_BUCKETS],
  "http.client.request.duration": ["s", REQUEST_BUCKETS],
  "http.client.active_requests": ["{request}", false],
  "http.client.request.time_in_queue": ["s", REQUEST_BUCKETS],
  "holdfast.client.queued_requests": ["{request}", false],
  "holdfast.client.retired_connections": ["{connection}", true],
  "holdfast.client.resent_requests": ["{request}", true],
};

function shapeOf(metric: MetricData): Shape {
  const { unit } = metric.descriptor;
  if (metric.dataPointType === DataPointType.SUM) return [unit, metric.isMonotonic];
  if (metric.dataPointType !== DataPointType.HISTOGRAM) throw new Error(`${metric.descriptor.name} is odd`);
  return [unit, metric.dataPoints[0]?.value.buckets.boundaries ?? []];
}

const SERVER = { "server.address": "a.test", "server.port": 80 };
const SPOKEN = { ...SERVER, "network.protocol.version": "1.1" };
const GET = { ...SERVER, "http.request.method": "GET" };
const ANSWERED = { ...GET, "http.response.status_code": 200, "network.protocol.version": "1.1" };

/** Sends `count` requests one after the other. The first one waits for its connection. */
async function send({ get, clock }: ReturnType<typeof observed>, count = 1): Promise<void> {
  for (let sent = 0; sent < count; sent++) {
    const answer = get();
    await clock.advance(100);
    await answer;
  }
}

describe("observe", () => {
  it("measures by the names, units, instruments and buckets of the conventions", async () => {
    // The peer closes the connection at the second request, so that this is sent again.
    const respond: MemoryOptions["respond"] = ({ number }, peer) => {
      if (number === 2) peer.end();
      return number === 2 ? { headers: { "Content-Length": "9" } } : {};
    };
    const world = observed({}, undefined, { respond });
    const found = await shapes(world);
    assertEquals(found, CONVENTIONS);
  });

  it("tells active connections from idle ones", async () => {
    const world = observed();
    await send(world);
    assertEquals(await world.points("http.client.open_connections"), [
      [{ ...SPOKEN, "http.connection.state": "active" }, 0],
      [{ ...SPOKEN, "http.connection.state": "idle" }, 1],
    ]);
  });

  it("counts connections that were open before", async () => {
    const world = service();
    await world.get();
    const reader = new Reader();
    observe(world.pool, new MeterProvider({ readers: [reader] }).getMeter("test"));
    const { resourceMetrics } = await reader.collect();
    const [open] = resourceMetrics.scopeMetrics[0]?.metrics ?? [];
    assertEquals(
      pointsOf(open).map(([, value]) => value),
      [0, 1],
    );
  });

  it("measures requests in seconds, by method, status and version", async () => {
    const world = observed();
    await send(world);
    assertEquals(await world.points("http.client.request.duration"), [[ANSWERED, [1, 0.02]]]);
  });

  it("gives a status of 400 and above as error.type", async () => {
    const world = observed({}, () => ({ status: 503 }));
    await send(world);
    const [point] = await world.points("http.client.request.duration");
    assertEquals(point?.[0], { ...ANSWERED, "http.response.status_code": 503, "error.type": "503" });
  });

  it("gives the code of a failure, or the name of an abort, as error.type", async () => {
    const world = observed({ connectTimeout: "1s" }, undefined, { connect: () => "never" });
    const failed = assertRejects(() => world.get());
    await world.clock.advance(2000);
    await failed;
    await assertRejects(() => world.pool.request("http://a.test/", { signal: AbortSignal.abort() }));
    const aborted = new AbortController();
    const abortion = assertRejects(() => world.pool.request("http://a.test/", { signal: aborted.signal }));
    aborted.abort();
    await abortion;
    assertEquals(await world.points("http.client.request.duration"), [
      [{ ...GET, "error.type": "ERR_CONNECT_TIMEOUT" }, [1, 1]],
      [{ ...GET, "error.type": "AbortError" }, [1, 0]],
    ]);
  });

  it("counts methods that the conventions do not list as _OTHER", async () => {
    const world = observed();
    const answer = world.pool.request("http://a.test/", { method: "BREW" });
    await world.clock.advance(100);
    await (await answer).text();
    const [point] = await world.points("http.client.request.duration");
    assertEquals(point?.[0], { ...ANSWERED, "http.request.method": "_OTHER" });
  });

  it("measures the time in the queue, only of requests that found no connection", async () => {
    const world = observed();
    await send(world, 3);
    assertEquals(await world.points("http.client.request.time_in_queue"), [[GET, [1, 0.02]]]);
  });

  it("counts a request as active from its start to its end", async () => {
    const world = observed();
    const answer = world.get();
    await settled();
    assertEquals(await world.points("http.client.active_requests"), [[GET, 1]]);
    assertEquals(await world.points("holdfast.client.queued_requests"), [[SERVER, 1]]);
    await world.clock.advance(100);
    await answer;
    assertEquals(await world.points("http.client.active_requests"), [[GET, 0]]);
    assertEquals(await world.points("holdfast.client.queued_requests"), [[SERVER, 0]]);
  });

  it("counts retired connections by reason, and measures their durations", async () => {
    const world = observed({ idleTimeout: "5s" });
    await send(world);
    await world.clock.advance(10_000);
    assertEquals(await world.points("holdfast.client.retired_connections"), [
      [{ ...SERVER, "holdfast.retire.reason": "idle-timeout" }, 1],
    ]);
    assertEquals(await world.points("http.client.connection.duration"), [[SPOKEN, [1, 5]]]);
  });

  it("measures no duration of a connection that never opened", async () => {
    const world = observed({}, undefined, { connect: () => "refused" });
    const failed = assertRejects(() => world.get());
    await world.clock.advance(100);
    await failed;
    assertEquals(await world.points("holdfast.client.retired_connections"), [
      [{ ...SERVER, "holdfast.retire.reason": "connect-failed" }, 1],
    ]);
    assertEquals(await world.points("http.client.connection.duration"), []);
  });

  it("counts a request that was in doubt as resent, once, and its dead connection as retired for no answer", async () => {
    const accept = (peer: MemoryPeer): void => {
      let requests = 0;
      peer.onData(() => {
        requests += 1;
        if (peer.id > 1 || requests === 1) peer.send("HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok");
      });
    };
    const world = observed({}, undefined, { respond: undefined, accept });
    await send(world);
    await world.clock.advance(5000);
    const doubted = world.get();
    await world.clock.advance(3020);
    assertEquals(await doubted, 2);
    const noAnswer = async (name: string) =>
      (await world.points(name)).filter(([attributes]) => Object.values(attributes).includes("no-answer"));
    assertEquals(await noAnswer("holdfast.client.resent_requests"), [
      [{ ...SERVER, "holdfast.resend.reason": "no-answer" }, 1],
    ]);
    assertEquals(await noAnswer("holdfast.client.retired_connections"), [
      [{ ...SERVER, "holdfast.retire.reason": "no-answer" }, 1],
    ]);
    assertEquals(await world.points("http.client.request.duration"), [[ANSWERED, [2, 3.04]]]);
    const finished = world.events.findLast((event) => event.type === "request.finished");
    assertEquals(finished?.type === "request.finished" && finished.resendCount, 1);
  });

  it("stops, and leaves no request active", async () => {
    const world = observed();
    const answer = world.get();
    await settled();
    world.stop();
    await world.clock.advance(100);
    await answer;
    assertEquals(await world.points("http.client.active_requests"), [[GET, 0]]);
    assertEquals(await world.points("http.client.request.duration"), []);
    assertEquals(await world.points("http.client.open_connections"), []);
  });
});

/** Makes everything happen that is measured, and reads the metrics. */
async function shapes(world: ReturnType<typeof observed>): Promise<Record<string, Shape>> {
  const { clock, get } = world;
  await send(world);
  const resent = get();
  await clock.advance(100);
  await resent;
  await clock.advance(100_000);
  const read = await world.read();
  return Object.fromEntries(read.map((metric) => [metric.descriptor.name, shapeOf(metric)]));
}
