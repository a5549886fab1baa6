/** The probe over HTTP/2, against servers in memory whose limits are known. */

import { describe, it } from "node:test";
import { assertAlmostEquals, assertEquals, assertRejects, assertStringIncludes } from "@std/assert";
import { probeCommand } from "../../src/cli/probe-command.ts";
import { probe } from "../../src/probe/probe.ts";
import { ProbeError } from "../../src/probe/probe-error.ts";
import type { ServerProbeOptions } from "../../src/probe/probe-options.ts";
import type { Http2Report } from "../../src/probe/probe-report.ts";
import { MovableClock } from "../support/clock.ts";
import { whileTimeMoves } from "./moving-time.ts";
import { type Http2Script, scriptedHttp2 } from "./scripted-http2.ts";

const URL_OF_SERVER = "https://server.test/";

async function reported(script: Http2Script, options: ServerProbeOptions = {}) {
  const clock = new MovableClock();
  const ground = { transport: scriptedHttp2(script, clock), clock };
  return await whileTimeMoves(clock, probe(URL_OF_SERVER, { maxIdle: "60s", ...options }, ground));
}

async function probed(script: Http2Script, options: ServerProbeOptions = {}): Promise<Http2Report> {
  const { http2 } = await reported(script, options);
  if (http2 === undefined) throw new Error("HTTP/2 was not measured");
  return http2;
}

describe("a probe over HTTP/2 finds", () => {
  it("the idle limits, before a request and after one", async () => {
    const { idle, unused, goaway } = await probed({ idleMs: 20_000, unusedMs: 7000 });
    assertAlmostEquals(idle.value ?? NaN, 20_000, 500);
    assertAlmostEquals(unused.value ?? NaN, 7000, 500);
    assertEquals([idle.how, unused.how, goaway], ["announced", "announced", "GOAWAY NO_ERROR"]);
  });

  for (const requests of [1, 3, 100])
    it(`at which request GOAWAY comes: ${requests}`, async () => {
      const report = await probed({ requests, idleMs: 5000 });
      assertEquals([report.requests.value, report.requests.how], [requests, "announced"]);
    });

  it("the lifetime", async () => {
    const { lifetime } = await probed({ lifetimeMs: 30_000, idleMs: 9000 });
    assertAlmostEquals(lifetime.value ?? NaN, 30_000, 3000);
  });

  it("streams, windows and what else SETTINGS has", async () => {
    const settings = [
      [3, 128],
      [4, 1_048_576],
      [5, 32_768],
      [6, 8192],
      [8, 1],
    ] as const;
    const report = await probed({ settings, connectionWindow: 2_097_152, idleMs: 2000 });
    assertEquals(report.settings, {
      maxStreams: 128,
      streamWindow: 1_048_576,
      connectionWindow: 2_097_152,
      maxFrameSize: 32_768,
      maxFieldBytes: 8192,
      extendedConnect: true,
    });
  });

  it("how many PINGs are tolerated, and what is said to one more", async () => {
    const { ping } = await probed({ pings: 2, idleMs: 40_000 });
    assertEquals(
      [ping.answered, ping.tolerated, ping.refusal],
      [true, 2, "GOAWAY ENHANCE_YOUR_CALM: too_many_pings"],
    );
  });

  it("that PINGs do not keep a connection open", async () => {
    const { ping } = await probed({ idleMs: 20_000 });
    assertEquals([ping.tolerated, ping.refusal, ping.prolongs], [10, undefined, false]);
  });

  it("that PINGs do not keep one open whose limit comes before the tenth", async () => {
    const { ping } = await probed({ idleMs: 5000 });
    assertEquals([ping.refusal, ping.prolongs], [undefined, false]);
  });

  it("that PINGs keep a connection open", async () => {
    const { ping } = await probed({ idleMs: 20_000, pingsProlong: true });
    assertEquals([ping.tolerated, ping.prolongs], [10, true]);
  });

  it("nothing it was not asked for: HTTP/2 can be left out", async () => {
    const { http2, httpVersion } = await reported({ idleMs: 2000 }, { http2: false });
    assertEquals([http2, httpVersion], [undefined, "1.1"]);
  });
});

describe("a probe over HTTP/2", () => {
  it("measures a server that speaks nothing else", async () => {
    const { httpVersion, idle, http2, notes } = await reported({ only: true, idleMs: 5000 });
    assertEquals([httpVersion, idle.value], ["2", undefined]);
    assertAlmostEquals(http2?.idle.value ?? NaN, 5000, 500);
    assertEquals(notes, ["It speaks HTTP/2 only."]);
  });

  it("says what is wrong with the answers", async () => {
    const clock = new MovableClock();
    const ground = { transport: scriptedHttp2({ only: true, resets: true }, clock), clock };
    await assertRejects(
      () => whileTimeMoves(clock, probe(URL_OF_SERVER, {}, ground)),
      ProbeError,
      "it reset the stream with INTERNAL_ERROR",
    );
  });

  it("has no more connections than are allowed", async () => {
    for (const connections of [5, 20]) {
      const clock = new MovableClock();
      const transport = scriptedHttp2({ idleMs: 4000 }, clock);
      let most = 0;
      const onProgress = () => {
        most = Math.max(most, transport.peers.filter(({ state }) => state === "open").length);
      };
      const options = { connections, maxIdle: "10s", onProgress } as const;
      await whileTimeMoves(clock, probe(URL_OF_SERVER, options, { transport, clock }));
      assertEquals(most <= connections, true, `${most} of ${connections}`);
    }
  });

  it("is part of the command's output, and of what it advises", async () => {
    const clock = new MovableClock();
    const script = { only: true, idleMs: 20_000, requests: 50, pings: 2, settings: [[3, 100]] } as const;
    const around = { transport: scriptedHttp2(script, clock), clock, readFile: () => Promise.resolve("") };
    const running = probeCommand([URL_OF_SERVER, "--max-idle", "30s"], around);
    const { code, output } = await whileTimeMoves(clock, running);
    assertEquals(code, 0);
    for (const line of [
      "answers 200 by HTTP/2",
      "requests on a connection  50",
      "HTTP/2: 100 streams at a time, windows of 64 KiB and 64 KiB for the connection, frames up to 16 KiB.",
      "2 of 10, a second apart, were tolerated, and one more was answered by GOAWAY ENHANCE_YOUR_CALM",
      'createPool({ idleTimeout: "19s", maxRequests: 50, ping: false })',
      'keepAlive({ idleTimeout: "20s", maxRequests: 50 })',
    ])
      assertStringIncludes(output, line);
  });
});
