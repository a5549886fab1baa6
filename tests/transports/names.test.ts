/** Names: what a transport answers for them, and that it connects to the address it is given. */

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

describe("names", () => {
  it("have the addresses that the system knows", async () => {
    const found = await transport.resolve?.("localhost");
    assert(found?.includes("127.0.0.1") || found?.includes("::1"), String(found));
  });

  it("that do not exist are of kind dns", async () => {
    // Longer than a label may be (RFC 1035 §2.3.4), so that no name server is asked.
    const name = `${"a".repeat(64)}.invalid`;
    const error = await assertRejects(async () => transport.resolve?.(name), TransportError);
    assertEquals(error.kind, "dns");
  });

  it("are not looked up where an address is given, over TCP and TLS", async () => {
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

  it("are verified as names, not as the address", async () => {
    await using secure = await tlsServer(echo);
    const named = { hostname: "wrong.test", address: "127.0.0.1", tls: tls({ serverName: "wrong.test" }) };
    const connecting = transport.connect(target(secure.port, named), new Recorder(), patient);
    const error = await guarded(
      assertRejects(() => connecting, TransportError),
      "the refusal",
    );
    assertEquals([error.kind, error.reason], ["tls", "name-mismatch"]);
  });

  it("go with a client certificate as before", async () => {
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
  it("tells when TCP is connected, before the handshake is over", async () => {
    await using mute = await tcpServer(() => {});
    const told: string[] = [];
    const aborting = new AbortController();
    let connected = (): void => {};
    const reached = new Promise<void>((resolve) => {
      connected = resolve;
    });
    const handler = {
      connected: () => connected(),
      data() {},
      drain() {},
      closed: () => void told.push("closed"),
    };
    const connecting = transport.connect(target(mute.port, { tls: tls() }), handler, aborting.signal);
    connecting.catch((reason) => told.push(String(reason)));
    await guarded(reached, "TCP");
    aborting.abort("enough");
    await connecting.catch(() => {});
    assertEquals(told, ["enough"]);
  });
});

describe("the environment", () => {
  it("is that of the process", () => {
    assertEquals(transport.env?.("PATH"), process.env.PATH);
    assertEquals(transport.env?.("HOLDFAST_NEVER_SET"), undefined);
  });
});
