/** Connecting: how it fails, which socket options are applied, and which sockets keep the process alive. */

import { execFile } from "node:child_process";
import { rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { describe, it } from "node:test";
import { promisify } from "node:util";
import { assert, assertEquals, assertRejects, assertStrictEquals } from "@std/assert";
import { type Target, TransportError } from "../../src/contract/transport.ts";
import { onThisRuntime } from "../support/own-runtime.ts";
import { eventually, PATIENCE_MS } from "../support/patience.ts";
import { deadPort } from "../support/ports.ts";
import {
  echo,
  guarded,
  moment,
  open,
  patient,
  Recorder,
  target,
  tcpServer,
  tls,
  tlsServer,
  transport,
} from "./support.ts";

const run = promisify(execFile);

async function failureOf(where: Target): Promise<TransportError> {
  const error = await guarded(
    assertRejects(() => transport.connect(where, new Recorder(), patient), TransportError),
    "the failure",
  );
  return error as TransportError;
}

describe("connect", () => {
  it("fails as refused if nothing listens", async () => {
    await using dead = await deadPort();
    assertEquals((await failureOf(target(dead.port))).kind, "refused");
  });

  it("fails as dns for a name that does not exist", async () => {
    const error = await failureOf(target(80, { hostname: "no-such-host.invalid" }));
    assertEquals(error.kind, "dns");
    assert(error.cause instanceof Error);
  });

  it("fails as refused for a Unix socket that does not exist", async () => {
    assertEquals(
      (await failureOf(target(0, { unixPath: `${tmpdir()}/holdfast-none.sock` }))).kind,
      "refused",
    );
  });

  it("connects to a Unix socket, which has neither Nagle's algorithm nor probes", async () => {
    const path = `${tmpdir()}/holdfast-${crypto.randomUUID()}.sock`;
    await using _ = await tcpServer(echo, path);
    const { socket, seen } = await open(target(0, { unixPath: path, tcpKeepAlive: { idleMs: 60_000 } }));
    assertEquals(socket.applied, { tcpKeepAlive: false, noDelay: true });
    socket.write("hello");
    await seen.until(() => seen.length === 5);
    socket.abort();
    rmSync(path, { force: true });
  });

  it("resolves a hostname", async () => {
    await using peer = await tcpServer(echo);
    const { socket } = await open(target(peer.port, { hostname: "localhost" }));
    assertEquals(socket.remoteAddress, "127.0.0.1");
    socket.abort();
  });

  it("rejects with the signal's reason and opens nothing if aborted before", async () => {
    await using peer = await tcpServer(echo);
    const reason = { a: "reason" };
    const rejected = await transport
      .connect(target(peer.port), new Recorder(), AbortSignal.abort(reason))
      .catch((error) => error);
    assertStrictEquals(rejected, reason);
    await moment();
    assertEquals(peer.sockets.length, 0);
  });

  it("rejects immediately with the signal's reason if aborted meanwhile, and leaves nothing open", async () => {
    const closed = new Set<unknown>();
    await using peer = await tcpServer((socket) => socket.resume().on("close", () => closed.add(socket)));
    const aborting = new AbortController();
    const seen = new Recorder();
    const connecting = transport.connect(target(peer.port), seen, aborting.signal).catch((error) => error);
    const reason = new Error("enough");
    aborting.abort(reason);
    assertStrictEquals(await connecting, reason);
    // Connections are accepted in the order in which they were made. If the kernel completed the aborted one, it comes before
    // this one. The test waits for its end: if it stayed open, the test would time out.
    const { socket: later } = await open(target(peer.port));
    await eventually(
      () => peer.sockets.some(({ remotePort }) => remotePort === later.localPort),
      "the later",
    );
    const others = peer.sockets.filter(({ remotePort }) => remotePort !== later.localPort);
    await eventually(() => others.every((socket) => closed.has(socket)), "the end of the aborted one");
    assertEquals(seen.ends, []);
    later.abort();
  });

  it("rejects with the signal's reason if aborted during the handshake", async () => {
    await using mute = await tcpServer(() => {}); // never responds to the ClientHello
    const aborting = new AbortController();
    const where = target(mute.port, { tls: tls() });
    const connecting = transport.connect(where, new Recorder(), aborting.signal).catch((error) => error);
    const remote = await mute.first();
    const gone = new Promise((resolve) => remote.resume().once("close", resolve));
    const reason = new Error("enough");
    await moment();
    aborting.abort(reason);
    assertStrictEquals(await connecting, reason);
    // Deno 2.9 keeps a connection with an unfinished handshake open until the peer closes it.
    if (transport.name !== "deno") await gone;
  });

  it("ignores the signal once it is connected", async () => {
    await using peer = await tcpServer(echo);
    const aborting = new AbortController();
    const seen = new Recorder();
    const socket = await transport.connect(target(peer.port), seen, aborting.signal);
    aborting.abort();
    socket.write("still here");
    await seen.until(() => seen.length === 10);
    socket.abort();
  });
});

/**
 * The seconds left on the kernel's keepalive timer for our side of a connection, as `ss` shows it. `undefined`: there is no
 * `ss`. `Infinity`: there is no timer.
 *
 * Until the last segment is acknowledged, `ss` shows the retransmission timer instead, and under load sometimes none. So an
 * expected timer is looked for repeatedly.
 */
async function kernelTimer(localPort: number, expected: boolean): Promise<number | undefined> {
  for (const until = performance.now() + PATIENCE_MS; performance.now() < until; ) {
    const found = await run("ss", ["-tnoH", "state", "established", `( sport = :${localPort} )`]).catch(
      () => undefined,
    );
    if (found === undefined) return undefined;
    const [, name, amount, unit] = /timer:\((\w+),([\d.]+)(ms|sec|min)/.exec(found.stdout) ?? [];
    if (name === "keepalive")
      return Number(amount) * { ms: 0.001, sec: 1, min: 60 }[unit as "ms" | "sec" | "min"];
    if (name === undefined && !expected) return Infinity;
    await moment();
  }
  throw new Error(`ss showed no keepalive timer of port ${localPort} for ${PATIENCE_MS / 1000} s`);
}

const servers = [
  { over: "TCP", server: tcpServer, secure: undefined },
  { over: "TLS", server: tlsServer, secure: tls() },
] as const;

for (const { over, server, secure } of servers) {
  describe(`socket options over ${over}`, () => {
    const cases = [
      { name: "no TCP keepalive", asked: false },
      { name: "TCP keepalive with the kernel's times", asked: {} },
      { name: "TCP keepalive with an idle time", asked: { idleMs: 60_000 } },
      { name: "TCP keepalive with everything", asked: { idleMs: 30_500, intervalMs: 5000, probes: 3 } },
      { name: "an idle time below a second, which becomes the kernel's", asked: { idleMs: 500 } },
    ] as const;
    for (const { name, asked } of cases) {
      it(`are applied in the kernel: ${name}`, async (context) => {
        await using peer = await server(echo);
        const since = performance.now();
        const { socket } = await open(target(peer.port, { tls: secure, tcpKeepAlive: asked }));
        const { tcpKeepAlive, noDelay } = socket.applied;
        assertEquals(noDelay, true);
        assertEquals(tcpKeepAlive === false, asked === false);
        const seconds = await kernelTimer(socket.localPort ?? 0, tcpKeepAlive !== false);
        socket.abort();
        if (seconds === undefined) return context.skip("`ss` is not there to ask the kernel");
        if (tcpKeepAlive === false) return assertEquals(seconds, Infinity);
        // 7200 s is the default of Linux. Above ten minutes `ss` rounds down to minutes.
        const expected = (tcpKeepAlive.idleMs ?? 7_200_000) / 1000;
        const passed = (performance.now() - since) / 1000 + (expected > 600 ? 60 : 1);
        assert(seconds <= expected && seconds >= expected - passed, `${seconds} s left of ${expected}`);
      });
    }

    it("report what this runtime can do", async () => {
      await using peer = await server(echo);
      const asked = { idleMs: 30_500, intervalMs: 5000, probes: 3 };
      const { socket } = await open(target(peer.port, { tls: secure, tcpKeepAlive: asked }));
      const expected = {
        none: false,
        toggle: {},
        idle: { idleMs: 30_000, intervalMs: 1000, probes: 10 },
        full: { idleMs: 30_000, intervalMs: 5000, probes: 3 },
      } as const;
      assertEquals(socket.applied.tcpKeepAlive, expected[transport.can.tcpKeepAlive]);
      socket.abort();
    });

    it("can leave Nagle's algorithm on", async () => {
      await using peer = await server(echo);
      const { socket } = await open(target(peer.port, { tls: secure, noDelay: false }));
      assertEquals(socket.applied.noDelay, false);
      socket.abort();
    });
  });
}

describe("the process", () => {
  const [executable = "", ...options] = onThisRuntime(new URL("./ref-child.ts", import.meta.url));
  const launch = (port: number, mode: string) =>
    run(executable, [...options, String(port), mode], { timeout: PATIENCE_MS });

  for (const mode of ["unref", "unref-tls", "ref"] as const) {
    it(`${mode === "ref" ? "stays alive" : "ends"} with a socket in the state ${mode}`, async () => {
      await using peer = await (mode === "unref-tls" ? tlsServer(echo) : tcpServer(echo));
      const exited = launch(peer.port, mode);
      exited.catch(() => {});
      const remote = await peer.first();
      if (mode === "ref") {
        // The child prints by a timer that does not keep it alive: without a ref of the socket it ends before.
        const still = new Promise<string>((resolve) => {
          let received = "";
          remote.on("data", (chunk) => {
            received += chunk;
            if (received.endsWith("still here")) resolve(received);
          });
        });
        assertEquals(await Promise.race([still, exited.then(() => "ended")]), "hellostill here");
        remote.end();
      }
      assertEquals((await exited).stdout.trim(), mode === "ref" ? "hello\nended" : "hello");
    });
  }
});
