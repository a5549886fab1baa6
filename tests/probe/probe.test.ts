/** The probe, against servers in memory whose limits are known. */

import { describe, it } from "node:test";
import { assertAlmostEquals, assertEquals, assertRejects, assertStringIncludes } from "@std/assert";
import { probeCommand } from "../../src/cli/probe-command.ts";
import { countOf } from "../../src/probe/findings.ts";
import { probe } from "../../src/probe/probe.ts";
import { ProbeError } from "../../src/probe/probe-error.ts";
import type { ServerProbeOptions } from "../../src/probe/probe-options.ts";
import type { ProbeReport } from "../../src/probe/probe-report.ts";
import { MovableClock } from "../support/clock.ts";
import { whileTimeMoves } from "./moving-time.ts";
import { type Script, scriptedServer } from "./scripted-server.ts";

const URL_OF_SERVER = "http://server.test/";
/** Below the default, whose five minutes take their time even on this clock. */
const MAX_IDLE = "90s";

/** Runs a probe to its end, and the time with it. */
async function probed(script: Script, options: ServerProbeOptions = {}): Promise<ProbeReport> {
  const clock = new MovableClock();
  const running = probe(
    URL_OF_SERVER,
    { maxIdle: MAX_IDLE, ...options },
    { transport: scriptedServer(script, clock), clock },
  );
  return await whileTimeMoves(clock, running);
}

/** Within 5 % or half a second, as promised. */
function assertTime(found: number | undefined, expected: number): void {
  assertAlmostEquals(found ?? NaN, expected, Math.max(500, expected * 0.05));
}

describe("a probe finds the idle limit", () => {
  for (const idleMs of [800, 5000, 60_000, 75_000, 299_000])
    it(`of ${idleMs} ms, closed by FIN`, async () => {
      const { idle } = await probed({ idleMs }, { maxIdle: "5m" });
      assertTime(idle.value, idleMs);
      assertEquals(idle.how, "closed");
    });

  for (const forgetsMs of [1500, 20_000, 100_000, 240_000])
    it(`of ${forgetsMs} ms, after which connections are forgotten without a word`, async () => {
      const { idle } = await probed({ forgetsMs }, { maxIdle: "5m" });
      assertTime(idle.value, forgetsMs);
      assertEquals(idle.how, "silent");
    });

  it("that varies, and says between which times", async () => {
    const { idle } = await probed({ idleMs: 10_000, jitter: 0.5 });
    const [least, most] = idle.between ?? [NaN, NaN];
    assertEquals([least < 6000, most > 9000], [true, true]);
  });

  it("that is the server's own, and not the moment at which it was reloaded", async () => {
    const { idle, notes } = await probed({ idleMs: 40_000, reloadsAtMs: 7000 });
    assertTime(idle.value, 40_000);
    assertStringIncludes(notes.join("\n"), "ended after 7s at first, and later not");
  });

  it("of each address", async () => {
    const addresses = ["192.0.2.1", "192.0.2.2"];
    const idleAt = { "192.0.2.1": 5000, "192.0.2.2": 60_000 };
    const { notes } = await probed({ addresses, idleAt });
    assertEquals(notes, [
      "The addresses differ in how long they keep idle connections: 5s at 192.0.2.1, 60s at 192.0.2.2.",
    ]);
  });

  it("by a late RST, where a connection was forgotten", async () => {
    const { idle } = await probed({ forgetsMs: 20_000, lateReset: true });
    assertTime(idle.value, 20_000);
    assertEquals(idle.how, "silent");
  });

  it("and whether TCP keepalive prevents that connections are forgotten", async () => {
    const kept = await probed({ forgetsMs: 40_000 });
    assertEquals(kept.notes, ["TCP keepalive every 14s keeps connections from being forgotten."]);
    const lost = await probed({ forgetsMs: 10_000 });
    assertEquals(lost.notes, ["TCP keepalive every 14s does not keep connections from being forgotten."]);
  });

  it("by RST", async () => {
    const { idle, endings } = await probed({ idleMs: 3000, resets: true });
    assertEquals(idle.how, "reset");
    assertEquals(endings.reset > 0, true);
  });

  it("or says how far it looked", async () => {
    const { idle } = await probed({}, { maxIdle: "30s" });
    assertEquals([idle.value, idle.how], [undefined, undefined]);
    assertTime(idle.atLeast, 30_000);
  });

  it("of connections that never had a request, and what is said before", async () => {
    const { unused, notes } = await probed({
      unusedMs: 4000,
      says: "HTTP/1.1 408 Request Timeout\r\nConnection: close\r\n\r\n",
    });
    assertTime(unused.value, 4000);
    assertStringIncludes(notes.join("\n"), '"HTTP/1.1 408 Request Timeout"');
  });
});

describe("a probe finds the other limits", () => {
  for (const requests of [1, 2, 7, 100])
    it(`of ${requests} requests on a connection, exactly`, async () => {
      const report = await probed({ requests, idleMs: 20_000 });
      assertEquals([report.requests.value, report.requests.how], [requests, "announced"]);
    });

  it("of requests that vary: the least, because there is no half of one", () => {
    const { value, between } = countOf([
      { at: 15, what: "announced" },
      { at: 10, what: "announced" },
    ]);
    assertEquals([value, between], [10, [10, 15]]);
  });

  it("more than 200 requests are not tried", async () => {
    const { requests } = await probed({ requests: 201, idleMs: 5000 });
    assertEquals([requests.value, requests.atLeast], [undefined, 200]);
  });

  for (const lifetimeMs of [10_000, 60_000, 200_000])
    it(`of ${lifetimeMs} ms of life, within a tenth`, async () => {
      const { lifetime } = await probed({ lifetimeMs, idleMs: 15_000 }, { maxIdle: "5m" });
      assertAlmostEquals(lifetime.value ?? NaN, lifetimeMs, lifetimeMs / 10);
    });

  it("a connection in steady use never counts as idle", async () => {
    const { lifetime } = await probed(
      { idleMs: 2000, fields: "Keep-Alive: timeout=2\r\n" },
      { maxIdle: "60s" },
    );
    assertEquals(lifetime.value, undefined);
    assertAlmostEquals(lifetime.atLeast, 60_000, 2000);
  });

  it("HTTP/1.0 that is not kept", async () => {
    const { http1 } = await probed({ idleMs: 3000 });
    assertEquals(http1, { keepsWhenAsked: false, keepsUnasked: false, closesWhenAsked: false });
  });
});

describe("a probe stays polite", () => {
  it("it has at most as many connections open as allowed", async () => {
    const clock = new MovableClock();
    const transport = scriptedServer({ idleMs: 9000 }, clock);
    let most = 0;
    const onProgress = () => {
      most = Math.max(most, transport.peers.filter(({ state }) => state === "open").length);
    };
    const options = { connections: 8, maxIdle: "20s", onProgress } as const;
    await whileTimeMoves(clock, probe(URL_OF_SERVER, options, { transport, clock }));
    assertEquals([most > 3, most <= 8], [true, true], String(most));
  });

  it("it stops at 429, and says so with what it knows", async () => {
    const status = (request: number) => (request > 30 ? "429 Too Many Requests" : "200 OK");
    const report = await probed({ idleMs: 60_000, status, fields: "Retry-After: 5\r\n" });
    assertEquals([report.stopped, report.cost.requests], [true, 31]);
    assertStringIncludes(report.notes.join("\n"), "answered 429 (Retry-After: 5) after 31 requests");
  });

  it("it goes on where the first answer is 403 already", async () => {
    const report = await probed({ idleMs: 5000, status: () => "403 Forbidden" });
    assertEquals([report.status, report.stopped], [403, false]);
  });

  it("it can be stopped, and reports what it knows", async () => {
    const abort = new AbortController();
    const clock = new MovableClock();
    const ground = { transport: scriptedServer({ requests: 7 }, clock), clock };
    const running = probe(URL_OF_SERVER, { signal: abort.signal }, ground);
    await clock.advance(10_000);
    abort.abort();
    const report = await whileTimeMoves(clock, running);
    assertEquals([report.stopped, report.requests.value, report.idle.value], [true, 7, undefined]);
    assertEquals(
      ground.transport.peers.every(({ state }) => state !== "open"),
      true,
    );
  });

  it("it has no more connections than allowed where that are few, and a name has several addresses", async () => {
    const clock = new MovableClock();
    const addresses = ["192.0.2.1", "192.0.2.2", "192.0.2.3", "192.0.2.4"];
    const transport = scriptedServer({ idleMs: 9000, addresses }, clock);
    let most = 0;
    const onProgress = () => {
      most = Math.max(most, transport.peers.filter(({ state }) => state === "open").length);
    };
    const options = { connections: 4, maxIdle: "20s", onProgress } as const;
    const report = await whileTimeMoves(clock, probe(URL_OF_SERVER, options, { transport, clock }));
    assertEquals(most <= 4, true, String(most));
    assertTime(report.idle.value, 9000);
  });

  it("a server that takes no further connections is a note, not the end", async () => {
    const { notes, idle } = await probed({ accepts: 12, idleMs: 5000 });
    assertStringIncludes(
      notes.join("\n"),
      "A further connection failed: Connection to server.test:80 failed: refused.",
    );
    assertTime(idle.value, 5000);
  });

  it("it reads no answer of more than 1 MiB", async () => {
    const running = probed({ bodyBytes: 2_000_000 }, { method: "GET" });
    await assertRejects(() => running, ProbeError, "its answer is larger than 1 MiB");
    const { idle } = await probed({ bodyBytes: 2_000_000, idleMs: 3000 });
    assertTime(idle.value, 3000);
  });

  it("an address that does not answer is left out: localhost is often two", async () => {
    const { notes, idle } = await probed({ addresses: ["::1", "127.0.0.1"], refuses: "::1", idleMs: 3000 });
    assertEquals(notes, ["The address ::1 cannot be reached: Connection to ::1:80 failed: refused."]);
    assertTime(idle.value, 3000);
  });

  it("TCP keepalive is not tried where the runtime cannot set it", async () => {
    const { notes } = await probed({ forgetsMs: 20_000, cannotKeepAlive: true });
    assertEquals(notes, []);
  });

  it("it does not follow redirects, and link-local addresses need yes", async () => {
    const script = {
      idleMs: 3000,
      status: () => "302 Found",
      fields: "Location: http://169.254.169.254/\r\n",
    };
    const { notes } = await probed(script);
    assertEquals(notes, ["It redirects to http://169.254.169.254/, which was not followed."]);
    const { idle } = await probed({ idleMs: 3000, addresses: ["169.254.169.254"] }, { yes: true });
    assertTime(idle.value, 3000);
  });

  it("it uses GET where HEAD is refused", async () => {
    const report = await probed({
      idleMs: 3000,
      status: (request) => (request === 1 ? "405 Not Allowed" : "200 OK"),
    });
    assertEquals(report.status, 200);
  });
});

describe("a probe that cannot measure says why", () => {
  const failures: readonly (readonly [Script, string, string])[] = [
    [{ mute: true }, URL_OF_SERVER, "accepts connections and never answers"],
    [{ speaks: "SSH-2.0-OpenSSH_9.6\r\n" }, URL_OF_SERVER, "does not speak HTTP as it should"],
    [{ endless: true }, URL_OF_SERVER, "its answer did not end within 15 s"],
    [{ accepts: 0 }, URL_OF_SERVER, "http://server.test cannot be reached"],
    [
      { refusesTls: true },
      "https://server.test/",
      "https://server.test accepts connections, and TLS with it fails",
    ],
    [{ addresses: ["169.254.169.254"] }, URL_OF_SERVER, "169.254.169.254 is link-local"],
    [{ addresses: ["192.0.2.1", "fe80::1"] }, URL_OF_SERVER, "fe80::1 is link-local"],
    [{}, "http://[::ffff:169.254.169.254]/", "::ffff:a9fe:a9fe is link-local"],
    [{}, "http://2852039166/", "169.254.169.254 is link-local"],
    [{}, "http://169.254.169.254/latest", "169.254.169.254 is link-local"],
  ];
  for (const [script, url, message] of failures)
    it(message, async () => {
      const clock = new MovableClock();
      const running = probe(url, {}, { transport: scriptedServer(script, clock), clock });
      await assertRejects(() => whileTimeMoves(clock, running), ProbeError, message);
    });
});

describe("holdfast probe", () => {
  async function run(args: readonly string[], script: Script = { idleMs: 5000 }, file = "{}") {
    const clock = new MovableClock();
    const transport = scriptedServer(script, clock);
    const around = { transport, clock, readFile: () => Promise.resolve(file) };
    return await whileTimeMoves(clock, probeCommand(args, around));
  }

  it("prints what it found, whether it is announced truly, and what to set", async () => {
    const { code, output } = await run([URL_OF_SERVER], {
      idleMs: 5000,
      requests: 100,
      fields: "Keep-Alive: timeout=60, max=100\r\n",
    });
    assertEquals(code, 0);
    assertEquals(/^idle after a request +5s +closed by FIN, seen \d+ times$/m.test(output), true, output);
    assertStringIncludes(output, "It announces timeout=60, and closes earlier, after 5s: do not rely on it.");
    assertStringIncludes(output, "It announces max=100, which is true.");
    assertStringIncludes(output, 'createPool({ idleTimeout: "4s", maxRequests: 100 })');
  });

  it("prints JSON", async () => {
    const { output } = await run([URL_OF_SERVER, "--json"]);
    assertTime(JSON.parse(output).idle.value, 5000);
  });

  it("says what it waits for, and how long still", async () => {
    const clock = new MovableClock();
    const lines: string[] = [];
    const around = {
      transport: scriptedServer({ requests: 3 }, clock),
      clock,
      readFile: () => Promise.resolve(""),
      progress: (line: string) => void lines.push(line),
    };
    await whileTimeMoves(clock, probeCommand([URL_OF_SERVER, "--max-idle", "30s"], around));
    const half = lines.find((line) => line.includes("at most 15s more")) ?? "";
    assertStringIncludes(half, "waiting for idle connections, unused connections, TCP keepalive (");
    assertEquals(/\(\d+ open, \d+ requests so far, at most 15s more\)$/.test(half), true, half);
  });

  it("goes beyond the polite bounds with --yes", async () => {
    const { code, output } = await run([URL_OF_SERVER, "--requests", "300", "--max-idle", "10s", "--yes"], {
      requests: 250,
    });
    assertEquals(code, 0);
    assertStringIncludes(output, "requests on a connection  250");
  });

  it("holds a promise against what it found", async () => {
    const broken = await run(
      [URL_OF_SERVER, "--against", "alb.json"],
      { idleMs: 5000 },
      '{"idleTimeout":"60s"}',
    );
    assertEquals(broken.code, 1);
    assertStringIncludes(broken.output, "Broken promise: It keeps idle connections for 5s, promised are 1m.");
    const kept = await run(
      [URL_OF_SERVER, "--against", "alb.json"],
      { idleMs: 60_000 },
      '{"idleTimeout":"60s"}',
    );
    assertEquals(kept.code, 0);
  });

  it("holds a load balancer's timeout against what it found", async () => {
    const { code, output } = await run([URL_OF_SERVER, "--against", "aws-alb"]);
    assertEquals(code, 1);
    assertStringIncludes(output, "Broken promise: It keeps idle connections for 5s, promised are 1m.");
  });

  it("says in JSON as well why nothing could be measured", async () => {
    const { code, output, error } = await run([URL_OF_SERVER, "--json"], { accepts: 0 });
    assertEquals(code, 3);
    const message = "http://server.test cannot be reached: Connection to server.test:80 failed: refused";
    assertEquals([JSON.parse(output), error], [{ error: message }, `${message}\n`]);
  });

  it("says what was not tested, and that a probe which was stopped proves nothing", async () => {
    const args = [URL_OF_SERVER, "--against", "nginx", "--max-idle", "10s"];
    const { code, output } = await run(args, {});
    assertEquals(code, 0);
    assertStringIncludes(output, "Not tested: Idle connections held at 10s, promised are 75s.");
    assertStringIncludes(output, "Not tested: Requests on a connection held at 200, promised are 1000.");
    const limited = await run(args, { status: (count) => (count > 9 ? "429 Too Many Requests" : "200 OK") });
    assertEquals(limited.code, 3);
  });

  const presets: readonly (readonly [script: Script, sentence: string])[] = [
    [{ idleMs: 75_000, fields: "Server: nginx/1.27\r\n" }, "It resembles the preset nginx."],
    [
      { idleMs: 65_000, fields: "Server: nginx/1.27\r\n" },
      "It resembles the preset nginx; but idle connections are kept for 65s instead of 75s.",
    ],
    [
      { idleMs: 5000, requests: 101, fields: "Keep-Alive: timeout=5, max=100\r\n" },
      "It resembles the preset httpd.",
    ],
    [{ idleMs: 6000, fields: "Keep-Alive: timeout=5\r\n" }, "It resembles the preset nodeServer."],
    [
      { idleMs: 60_000, requests: 100 },
      "It resembles the preset tomcat; but it does not announce Keep-Alive.",
    ],
    [{ idleMs: 31_000 }, "It resembles none of the server presets."],
  ];
  for (const [script, sentence] of presets)
    it(sentence, async () => {
      const { output } = await run([URL_OF_SERVER], script);
      const lines = output.split("\n");
      assertEquals(
        lines.filter((line) => line.startsWith("It resembles")),
        [sentence],
      );
    });

  it("says which side wins the idle race against each client preset, and how to do the same", async () => {
    const { output } = await run([URL_OF_SERVER], { idleMs: 60_000, requests: 50, lifetimeMs: 200_000 });
    const lines = output.split("\n");
    const of = (start: string) => lines.find((line) => line.startsWith(start)) ?? "";
    assertStringIncludes(of("meets closed connections"), "chrome");
    assertStringIncludes(of("closes first"), "holdfast");
    assertStringIncludes(of("races with the server"), "nginxUpstream");
    assertStringIncludes(output, 'keepAlive({ idleTimeout: "1m", maxRequests: 50 })');
  });

  it("reads Alt-Svc", async () => {
    const fields = 'Alt-Svc: h3=":443"; ma=60, h2=":80", h2="other.test:443", clear, h2=\r\n';
    const { output } = await run([URL_OF_SERVER], { idleMs: 2000, fields });
    assertStringIncludes(
      output,
      "It announces h3 at :443 by Alt-Svc, which is HTTP/3 over UDP and was not tried.",
    );
    assertStringIncludes(
      output,
      "It announces h2 at :80 by Alt-Svc, which is not true: it chooses no HTTP/2.",
    );
    assertStringIncludes(
      output,
      "It announces h2 at other.test:443 by Alt-Svc, which is another origin and was not tried.",
    );
  });

  const wrong: readonly (readonly [args: readonly string[], message: string])[] = [
    [[], "No URL given"],
    [[URL_OF_SERVER, "--requests", "many"], '--requests must be a whole number: got "many"'],
    [
      [URL_OF_SERVER, "--requests", "500"],
      "requests above 200 needs yes, because the server may mind: got 500",
    ],
    [[URL_OF_SERVER, "--max-idle", "1h"], "maxIdle above 5m needs yes"],
    [[URL_OF_SERVER, "--method", "POST"], '--method must be HEAD or GET: got "POST"'],
    [[URL_OF_SERVER, "--http2", "yes"], '--http2 must be alpn, prior-knowledge or off: got "yes"'],
    [[URL_OF_SERVER, "--against", "ngnix"], "neither a server preset, a load balancer nor a file"],
    [[URL_OF_SERVER, "--against", "x.json"], 'x.json: unknown member "idle"'],
    [["ftp://server.test/"], "URL must start with http: or https:"],
  ];
  for (const [args, message] of wrong)
    it(`refuses: ${message}`, async () => {
      const { code, error } = await run(args, {}, '{"idle":1}');
      assertEquals(code, 2);
      assertStringIncludes(error, message);
    });
});
