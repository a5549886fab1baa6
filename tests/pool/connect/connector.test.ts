/** Connector: a lone address is connected to without a race, and what a race would have done is done all the same. */

import { describe, it } from "node:test";
import { assert, assertEquals, assertRejects } from "@std/assert";
import type { Socket, SocketHandler, Target, Transport } from "../../../src/contract/transport.ts";
import { resolveOptions } from "../../../src/options/resolve.ts";
import { Connector } from "../../../src/pool/connect/connector.ts";

const TARGET: Target = { hostname: "api.test", port: 80, tcpKeepAlive: false, noDelay: true };
const HANDLER: SocketHandler = { data() {}, drain() {}, closed() {} };

interface Attempt {
  readonly address: string | undefined;
  readonly signal: AbortSignal;
}

/** A connector over a transport of our own, and what it was asked. A socket says when it is paused and resumed. */
function connecting(addresses: string[], refused: readonly string[] = [], options = {}) {
  const attempts: Attempt[] = [];
  const moves: string[] = [];
  const socket: Socket = {
    applied: { tcpKeepAlive: false, noDelay: true },
    write: () => true,
    pause: () => void moves.push("pause"),
    resume: () => void moves.push("resume"),
    ref() {},
    setHandler() {},
    close() {},
    abort: () => void moves.push("abort"),
    startTls: () => Promise.reject(new Error("no TLS")),
  };
  const transport: Transport = {
    name: "own",
    can: {
      reuse: "process",
      tcpKeepAlive: "none",
      noDelay: true,
      unix: false,
      startTls: false,
      alpn: false,
      verifyOff: false,
    },
    async resolve() {
      return [...addresses];
    },
    async connect({ address }, _, signal) {
      signal.throwIfAborted();
      attempts.push({ address, signal });
      if (refused.includes(address ?? "")) throw new Error(`${address} refuses`);
      return socket;
    },
  };
  const connector = new Connector(resolveOptions(options), transport);
  return { connector, attempts, moves, socket };
}

describe("a name with one address", () => {
  it("is connected to without a race: the transport gets the caller's own signal", async () => {
    const { connector, attempts, moves, socket } = connecting(["192.0.2.1"]);
    const { signal } = new AbortController();
    assert((await connector.connect(TARGET, HANDLER, signal)) === socket);
    assertEquals(
      attempts.map(({ address }) => address),
      ["192.0.2.1"],
    );
    assert(attempts[0]?.signal === signal);
    await undefined;
    assertEquals(moves, ["pause", "resume"]);
  });

  it("fails with the transport's error, and with the reason of a signal that was aborted meanwhile", async () => {
    const { connector } = connecting(["192.0.2.1"], ["192.0.2.1"]);
    const { signal } = new AbortController();
    await assertRejects(() => connector.connect(TARGET, HANDLER, signal), Error, "192.0.2.1 refuses");
    const controller = new AbortController();
    const opening = connector.connect(TARGET, HANDLER, controller.signal);
    controller.abort(new Error("enough"));
    await assertRejects(() => opening, Error, "enough");
  });

  it("races where one of its addresses has lost before, so that the winner is forgiven", async () => {
    const addresses = ["192.0.2.1", "192.0.2.2"];
    const refused = ["192.0.2.1"];
    const { connector, attempts } = connecting(addresses, refused);
    const { signal } = new AbortController();
    await connector.connect(TARGET, HANDLER, signal);
    refused.length = 0;
    addresses.pop();
    await connector.connect(TARGET, HANDLER, signal);
    addresses.push("192.0.2.2");
    await connector.connect(TARGET, HANDLER, signal);
    assertEquals(
      attempts.map(({ address }) => address),
      ["192.0.2.1", "192.0.2.2", "192.0.2.1", "192.0.2.1"],
    );
  });
});
