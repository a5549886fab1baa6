/** Name resolution: how a transport resolves hostnames, and that it connects to a given address. */

import { describe, it } from "node:test";
import { assert, assertEquals, assertRejects } from "@std/assert";
import { TransportError } from "../../src/contract/transport.ts";
import {
  echo,
  guarded,
  open,
  patient,
  pem,
  Recorder,
  target,
  tcpServer,
  tls,
  tlsServer,
  transport,
} from "./support.ts";

describe("hostnames", () => {
  it("resolve to the addresses that the system knows", async () => {
    const found = await transport.resolve?.("localhost");
    assert(found?.includes("127.0.0.1") || found?.includes("::1"), String(found));
  });

  it("that do not exist fail as dns", async () => {
    // The label is longer than allowed (RFC 1035 §2.3.4), so that no name server is queried.
    const name = `${"a".repeat(64)}.invalid`;
    const error = await assertRejects(async () => transport.resolve?.(name), TransportError);
    assertEquals(error.kind, "dns");
  });

  it("are not resolved if an address is given, over TCP and TLS", async () => {
    await using plain = await tcpServer(echo);
    await using secure = await tlsServer(echo);
    const named = { hostname: "nobody.invalid", address: "127.0.0.1" };
    const one = await open(target(plain.port, named));
    assertEquals(one.socket.remoteAddress, "127.0.0.1");
    one.socket.abort();
    const two = await open(target(secure.port, { ...named, tls: tls({ serverName: "example.test" }) }));
    two.socket.write("secret");
    await two.seen.until(() => two.seen.text === "secret");
    two.socket.abort();
  });

  it("are verified by name, not by address", async () => {
    await using secure = await tlsServer(echo);
    const named = { hostname: "wrong.test", address: "127.0.0.1", tls: tls({ serverName: "wrong.test" }) };
    const connecting = transport.connect(target(secure.port, named), new Recorder(), patient);
    const error = await guarded(
      assertRejects(() => connecting, TransportError),
      "the refusal",
    );
    assertEquals([error.kind, error.reason], ["tls", "name-mismatch"]);
  });

  it("work with a client certificate", async () => {
    await using secure = await tlsServer(echo, {
      ca: pem("ca.pem"),
      requestCert: true,
      rejectUnauthorized: true,
    });
    const secret = tls({ cert: pem("client.pem"), key: pem("client.key") });
    const { socket, seen } = await open(
      target(secure.port, { hostname: "localhost", address: "127.0.0.1", tls: secret }),
    );
    socket.write("it is me");
    await seen.until(() => seen.text === "it is me");
    socket.abort();
  });
});

describe("a connection with TLS", () => {
  it("reports that TCP is connected before the handshake ends", async () => {
    await using mute = await tcpServer(() => {});
    const calls: string[] = [];
    const aborting = new AbortController();
    let connected = (): void => {};
    const reached = new Promise<void>((resolve) => {
      connected = resolve;
    });
    const handler = {
      connected: () => connected(),
      data() {},
      drain() {},
      closed: () => void calls.push("closed"),
    };
    const connecting = transport.connect(target(mute.port, { tls: tls() }), handler, aborting.signal);
    connecting.catch((reason) => calls.push(String(reason)));
    await guarded(reached, "TCP");
    aborting.abort("enough");
    await connecting.catch(() => {});
    assertEquals(calls, ["enough"]);
  });
});

describe("the environment", () => {
  it("is that of the process", () => {
    assertEquals(transport.env?.("PATH"), process.env.PATH);
    assertEquals(transport.env?.("HOLDFAST_NEVER_SET"), undefined);
  });
});
