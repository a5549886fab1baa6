/** A checked socket is the user's socket: all that the contract has reaches it, with every argument. */

import { describe, it } from "node:test";
import { assertEquals } from "@std/assert";
import type { Socket, SocketHandler, TlsFacts, TlsTarget } from "../../../src/contract/transport.ts";
import { checkedSocket } from "../../../src/pool/connect/checked-socket.ts";

/** The contract, with all that it leaves to the transport. */
type Whole = { [Name in keyof Socket]-?: NonNullable<Socket[Name]> };

/** The arguments of each method. */
type Methods = {
  [Name in keyof Whole as Whole[Name] extends (...args: never[]) => unknown
    ? Name
    : never]: Whole[Name] extends (...args: infer Args) => unknown ? Required<Args> : never;
};

const handler: SocketHandler = { data() {}, drain() {}, closed() {} };
const callback = (): void => {};
const tls = { servername: "a.test" } as unknown as TlsTarget;
const { signal } = new AbortController();

/** Every method of the contract, with all arguments that it takes. */
const CALLS: { readonly [Name in keyof Methods]: Readonly<Methods[Name]> } = {
  write: ["head", Uint8Array.of(1), "tail", true],
  pause: [],
  resume: [],
  ref: [false, true],
  gather: [70_000],
  afterReads: [callback],
  setHandler: [handler],
  halfOpen: [],
  endWrites: [],
  startTls: [tls, signal],
  close: [],
  abort: [],
};

/** Every other member of the contract. */
const FACTS: Omit<Whole, keyof Methods> = {
  applied: { noDelay: true, keepAlive: "default" } as unknown as Socket["applied"],
  native: {},
  alpn: "h2",
  tls: { protocol: "TLSv1.3" } as unknown as TlsFacts,
  lost: true,
  allWritten: false,
  remoteAddress: "192.0.2.1",
  remotePort: 443,
  localAddress: "192.0.2.2",
  localPort: 50_000,
};

/** A socket that has all of the contract, and notes each call. */
function noting(told: unknown[]): Whole {
  const methods = Object.keys(CALLS).map((name) => [
    name,
    (...args: unknown[]) => {
      told.push([name, ...args]);
      return name === "write";
    },
  ]);
  return { ...FACTS, ...Object.fromEntries(methods) };
}

describe("the socket of a user's transport", () => {
  for (const [name, args] of Object.entries(CALLS)) {
    it(`gets all arguments of ${name}()`, () => {
      const told: unknown[] = [];
      const checked = checkedSocket(noting(told), handler) as unknown as Record<
        string,
        (...args: unknown[]) => unknown
      >;
      checked[name]?.(...args);
      assertEquals(told, [[name, ...args]]);
    });
  }

  it("is asked for everything else that it knows", () => {
    const checked = checkedSocket(noting([]), handler);
    const seen = Object.keys(FACTS).map((name) => [name, checked[name as keyof typeof FACTS]]);
    assertEquals(Object.fromEntries(seen), FACTS);
  });

  it("has no method of the contract that the socket inside lacks", () => {
    const { gather: _, afterReads: __, halfOpen: ___, ...rest } = noting([]);
    const checked = checkedSocket(rest, handler);
    assertEquals([checked.gather, checked.afterReads, checked.halfOpen], [undefined, undefined, undefined]);
  });
});
