import { describe, it } from "node:test";
import { assertEquals, assertNotStrictEquals, assertStrictEquals } from "@std/assert";
import { originOf } from "../../../src/contract/origin.ts";
import { MOST_TARGETS, TlsTargets } from "../../../src/pool/connect/tls-targets.ts";

const session = { bytes: new Uint8Array([1]), serverName: "a.test", subject: undefined };

describe("The TLS targets of a pool", () => {
  it("are the same for the same origin, whatever object names it, so that its sessions outlive its connections", () => {
    const targets = new TlsTargets({ ca: "pem" });
    const first = targets.of(originOf("https://a.test"));
    assertStrictEquals(targets.of(originOf("https://A.test:443/x")), first);
    assertEquals(
      [first.serverName, first.ca, first.verify, first.alpn],
      ["a.test", ["pem"], true, ["http/1.1"]],
    );
  });

  it("are not shared by names, ports or pools, and neither are their sessions", () => {
    const targets = new TlsTargets({});
    const first = targets.of(originOf("https://a.test"));
    first.sessions?.keep(session, true);
    const others = [
      targets.of(originOf("https://b.test")),
      targets.of(originOf("https://a.test:8443")),
      new TlsTargets({}).of(originOf("https://a.test")),
    ];
    for (const other of others) {
      assertNotStrictEquals(other, first);
      assertEquals(other.sessions?.take(), undefined);
    }
    assertStrictEquals(first.sessions?.take(), session);
  });

  it("are not shared by origins that serverName sends the same name to", () => {
    const targets = new TlsTargets({ serverName: "shared.test" });
    const first = targets.of(originOf("https://a.test"));
    first.sessions?.keep(session, true);
    const second = targets.of(originOf("https://b.test"));
    assertEquals([second.serverName, second.sessions?.take()], ["shared.test", undefined]);
  });

  it("are bounded: the one that was used longest ago is forgotten", () => {
    const targets = new TlsTargets({});
    const first = targets.of(originOf("https://a.test"));
    const second = targets.of(originOf("https://b.test"));
    for (let count = 0; count < MOST_TARGETS - 1; count++) {
      targets.of(originOf(`https://${count}.test`));
      assertStrictEquals(targets.of(originOf("https://a.test")), first);
    }
    assertNotStrictEquals(targets.of(originOf("https://b.test")), second);
  });
});
