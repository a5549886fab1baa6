/** Debug: what `HOLDFAST_DEBUG=1` prints, and what it never does. */

import process from "node:process";
import { afterEach, describe, it } from "node:test";
import { assert, assertEquals, assertRejects } from "@std/assert";
import type { PoolEvent } from "../../mod.ts";
import { linesOfPool } from "../../src/pool/event-lines.ts";
import { detectTransport } from "../../transports/detect.ts";
import type { MemoryOptions } from "../../transports/memory.ts";
import { eventually } from "../support/patience.ts";
import { service } from "../support/service.ts";

/** Lines without the number of the pool, which counts on from test to test. */
function printed(memory: MemoryOptions = {}) {
  const lines: string[] = [];
  const debug = () => (line: string) => void lines.push(line.replace(/^holdfast \d+ /, ""));
  return { ...service({}, undefined, memory, { debug }), lines };
}

describe("Lines of events", () => {
  it("are one per event from the first on, with the time and the facts", async () => {
    const { get, clock, lines, events } = printed();
    await clock.advance(1500);
    await get();
    await eventually(() => lines.length === events.length, "the code that makes lines");
    assertEquals(lines, [
      "+1.500s request.started request=1 origin=http://a.test method=GET",
      "+1.500s request.queued request=1 origin=http://a.test queued=1",
      "+1.500s connection.opened connection=1 origin=http://a.test elapsedMs=0 protocol=http/1.1 remoteAddress=a.test",
      "+1.500s connection.acquired connection=1 origin=http://a.test request=1 reused=false requestNumber=1 idleMs=0 waitedMs=0",
      "+1.500s connection.released connection=1 origin=http://a.test requests=1 streams=0 keepMs=55000",
      "+1.500s request.finished request=1 origin=http://a.test method=GET status=200 httpVersion=1.1 connection=1 reused=false elapsedMs=0 resendCount=0",
    ]);
    assertEquals(lines.length, events.length);
  });

  it("say no path, header, credential, tag or message", async () => {
    const secret = "s3cret";
    const respond: MemoryOptions["respond"] = () => ({
      headers: { "Keep-Alive": `timeout=${secret}`, "X-Secret": secret },
      body: secret,
    });
    const { pool, lines, events } = printed({ respond });
    const init = {
      headers: { authorization: secret },
      holdfast: { tag: secret },
      method: "POST",
      body: secret,
    };
    await (await pool.fetch(`http://a.test/${secret}?${secret}`, init)).text();
    const abort = new AbortController();
    abort.abort(new Error(secret));
    const gone = pool.request("http://a.test/", { signal: AbortSignal.any([abort.signal]) });
    await assertRejects(() => gone, Error, secret);
    await eventually(() => lines.length === events.length, "the code that makes lines");
    assert(lines.some((line) => line.includes("hint.ignored connection=1 origin=http://a.test")));
    assert(!lines.join().includes(secret));
  });

  it("give an error's code, and other text on one line", () => {
    const line = linesOfPool(0);
    const failed = { type: "request.failed", request: 1, origin: "http://a.test", elapsedMs: 1.26 } as const;
    const about = { ...failed, method: "GET", resendCount: 0 };
    const error = (value: unknown) => line({ ...about, error: value } as PoolEvent, 0).split("error=")[1];
    assertEquals(error(new DOMException("no", "AbortError")), "AbortError elapsedMs=1.3 resendCount=0");
    assertEquals(error("text"), "other elapsedMs=1.3 resendCount=0");
    const option = {
      type: "option.degraded",
      transport: "any",
      option: "fetch.a\nb c",
      asked: true,
    } as const;
    assert(line({ ...option, applied: false }, 0).endsWith('transport=any option="fetch.a\\nb c"'));
  });
});

describe("HOLDFAST_DEBUG", () => {
  afterEach(() => {
    delete process.env.HOLDFAST_DEBUG;
  });

  it("prints to stderr with the value 1 alone", async () => {
    const { debug } = await detectTransport();
    assertEquals(debug?.(), undefined);
    process.env.HOLDFAST_DEBUG = "0";
    assertEquals(debug?.(), undefined);
    process.env.HOLDFAST_DEBUG = "1";
    const write = debug?.();
    const written: unknown[] = [];
    const { stderr } = process;
    const original = stderr.write;
    stderr.write = (text: unknown) => {
      written.push(text);
      return true;
    };
    try {
      write?.("a line");
    } finally {
      stderr.write = original;
    }
    assertEquals(written, ["a line\n"]);
  });
});
