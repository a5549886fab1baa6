/** Channels: what tools that cannot reach the pool hear on the runtime's diagnostics channels. */

import { channel, subscribe, unsubscribe } from "node:diagnostics_channel";
import { readFileSync } from "node:fs";
import { describe, it } from "node:test";
import { assert, assertEquals } from "@std/assert";
import type { PoolEvent } from "../../mod.ts";
import type { MemoryOptions } from "../../transports/memory.ts";
import { diagnosticsChannel } from "../../transports/runtime-services.ts";
import { service } from "../support/service.ts";

const EVENTS: Readonly<Record<PoolEvent["type"], 0>> = {
  "connection.opened": 0,
  "connection.acquired": 0,
  "connection.released": 0,
  "connection.retired": 0,
  "request.queued": 0,
  "request.started": 0,
  "request.finished": 0,
  "request.retried": 0,
  "request.doubted": 0,
  "doubt.exhausted": 0,
  "request.failed": 0,
  "option.degraded": 0,
  "hint.ignored": 0,
  "limit.learned": 0,
  "calm.requested": 0,
};

const TYPES = Object.keys(EVENTS);

/** Every message on every channel while `run` runs. */
async function heardWhile(run: () => Promise<unknown>): Promise<[name: string, message: unknown][]> {
  const heard: [string, unknown][] = [];
  const listener = (message: unknown, name: string | symbol) => void heard.push([String(name), message]);
  for (const type of TYPES) subscribe(`holdfast:${type}`, listener);
  await run();
  for (const type of TYPES) unsubscribe(`holdfast:${type}`, listener);
  return heard;
}

describe("Diagnostics channels", () => {
  it("carry the events of the pool, each on the channel of its type", async () => {
    const respond: MemoryOptions["respond"] = ({ number }, peer) => {
      if (number === 2) peer.end();
      return number === 2 ? { headers: { "Content-Length": "9" } } : {};
    };
    const { pool, get, events } = service({}, undefined, { respond }, { channel: diagnosticsChannel });
    const heard = await heardWhile(async () => {
      await get();
      await get();
      await pool.close();
    });
    assert(events.some(({ type }) => type === "request.retried"));
    assertEquals(
      heard,
      events.map((event) => [`holdfast:${event.type}`, event]),
    );
    assert(
      heard.every(([, message], at) => message === events[at]),
      "the same objects",
    );
  });

  it("have no subscribers of ours, so that nothing is built for them", async () => {
    const { get } = service({}, undefined, {}, { channel: diagnosticsChannel });
    await get();
    assert(TYPES.every((type) => !channel(`holdfast:${type}`).hasSubscribers));
  });

  it("and their events are all in the document", () => {
    const text = readFileSync(new URL("../../docs/tracing.md", import.meta.url), "utf8");
    assertEquals(
      TYPES.filter((type) => !text.includes(`| \`${type}\` | `)),
      [],
    );
  });
});

describe("The tag of a call", () => {
  it("is told in the events of its requests, and nowhere if there is none", async () => {
    const { pool, get, events } = service();
    const tag = { mine: true };
    await get();
    assert(events.every((event) => !("tag" in event)));
    const untagged = events.length;
    await (await pool.fetch("http://a.test/", { holdfast: { tag } })).text();
    await (await pool.request("http://a.test/", { tag })).text();
    await (await pool.request("http://a.test/", { holdfast: { tag } })).text();
    const tagged = events.slice(untagged).filter((event) => "tag" in event && event.tag === tag);
    const each = ["request.started", "request.finished"];
    assertEquals(
      tagged.map(({ type }) => type),
      [...each, ...each, ...each],
    );
  });

  it("goes with redirects, and a request in the queue tells its number", async () => {
    const { pool, events } = service({}, ({ path }) =>
      path === "/" ? { status: 302, headers: { location: "/there" } } : { body: "there" },
    );
    await (await pool.fetch("http://a.test/", { holdfast: { tag: 7 } })).text();
    const started = events.filter((event) => event.type === "request.started");
    assertEquals(
      started.map(({ tag }) => tag),
      [7, 7],
    );
    const queued = events.find((event) => event.type === "request.queued");
    assertEquals(queued?.request, started[0]?.request);
  });
});
