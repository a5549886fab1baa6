import { describe, it } from "node:test";
import {
  assert,
  assertEquals,
  assertInstanceOf,
  assertNotStrictEquals,
  assertRejects,
  assertStrictEquals,
} from "@std/assert";
import { type Origin, originOf } from "../../../src/contract/origin.ts";
import type { TlsTarget } from "../../../src/contract/transport.ts";
import { FunctionFault } from "../../../src/contract/user-functions.ts";
import { MOST_TARGETS, TlsTargets } from "../../../src/pool/connect/tls-targets.ts";

const patient = new AbortController().signal;

/** What a pool has at once, because its options are no function. */
function of(targets: TlsTargets, origin: Origin): TlsTarget {
  const target = targets.of(origin, patient);
  assert(!(target instanceof Promise));
  return target;
}

const session = { bytes: new Uint8Array([1]), serverName: "a.test", subject: undefined };

describe("The TLS targets of a pool", () => {
  it("are the same for the same origin, whatever object names it, so that its sessions outlive its connections", () => {
    const targets = new TlsTargets({ ca: "pem" });
    const first = of(targets, originOf("https://a.test"));
    assertStrictEquals(of(targets, originOf("https://A.test:443/x")), first);
    assertEquals(
      [first.serverName, first.ca, first.verify, first.alpn],
      ["a.test", ["pem"], true, ["http/1.1"]],
    );
  });

  it("are not shared by names, ports or pools, and neither are their sessions", () => {
    const targets = new TlsTargets({});
    const first = of(targets, originOf("https://a.test"));
    first.sessions?.keep(session, true);
    const others = [
      of(targets, originOf("https://b.test")),
      of(targets, originOf("https://a.test:8443")),
      of(new TlsTargets({}), originOf("https://a.test")),
    ];
    for (const other of others) {
      assertNotStrictEquals(other, first);
      assertEquals(other.sessions?.take(), undefined);
    }
    assertStrictEquals(first.sessions?.take(), session);
  });

  it("are not shared by origins that serverName sends the same name to", () => {
    const targets = new TlsTargets({ serverName: "shared.test" });
    const first = of(targets, originOf("https://a.test"));
    first.sessions?.keep(session, true);
    const second = of(targets, originOf("https://b.test"));
    assertEquals([second.serverName, second.sessions?.take()], ["shared.test", undefined]);
  });

  it("are bounded: the one that was used longest ago is forgotten", () => {
    const targets = new TlsTargets({});
    const first = of(targets, originOf("https://a.test"));
    const second = of(targets, originOf("https://b.test"));
    for (let count = 0; count < MOST_TARGETS - 1; count++) {
      of(targets, originOf(`https://${count}.test`));
      assertStrictEquals(of(targets, originOf("https://a.test")), first);
    }
    assertNotStrictEquals(of(targets, originOf("https://b.test")), second);
  });
});

describe("A tls function", () => {
  const origin = originOf("https://a.test");

  it("is asked with the hostname for each connect attempt; the same options give the same target", async () => {
    const asked: string[] = [];
    let cert = "one";
    const targets = new TlsTargets((hostname) => {
      asked.push(hostname);
      return { cert, key: "k", ca: ["x", "y"], serverName: "n" };
    });
    const first = await targets.of(origin, patient);
    first.sessions?.keep(session, true);
    assertStrictEquals(await targets.of(origin, patient), first);
    cert = "two";
    const renewed = await targets.of(origin, patient);
    assertEquals([renewed.cert, renewed.sessions?.take()], ["two", undefined]);
    assertEquals(asked, ["a.test", "a.test", "a.test"]);
  });

  it("may be asynchronous, and its answer may be changed afterwards", async () => {
    const answer = { ca: "one" };
    const targets = new TlsTargets(async () => answer);
    assertEquals((await targets.of(origin, patient)).ca, ["one"]);
    answer.ca = "two";
    assertEquals((await targets.of(origin, patient)).ca, ["two"]);
  });

  const wrong = {
    "tls threw: Error: no": () => {
      throw new Error("no");
    },
    "tls threw: late": () => Promise.reject("late"),
    "tls gave a wrong answer: tls must be an object: current value is undefined": () => undefined,
    'tls gave a wrong answer: Unknown tls option "cart"': () => ({ cart: "x" }),
    "tls gave a wrong answer: tls.cert and tls.key must be set together: key is missing": () => ({
      cert: "x",
    }),
  };
  for (const [message, ask] of Object.entries(wrong)) {
    it(`is named in the error: ${message}`, async () => {
      const targets = new TlsTargets(ask as () => object);
      const error = await assertRejects(async () => await targets.of(origin, patient));
      assertInstanceOf(error, FunctionFault);
      assertEquals([error.code, error.message.slice(0, message.length)], ["ERR_FUNCTION", message]);
    });
  }

  it("that does not answer ends with its connect attempt", async () => {
    const attempt = new AbortController();
    const asking = Promise.resolve(
      new TlsTargets(() => new Promise(() => {})).of(origin, attempt.signal),
    ).catch((error) => error);
    await Promise.resolve();
    attempt.abort("enough");
    assertEquals(await asking, "enough");
  });
});
