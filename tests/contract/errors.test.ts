/** Error classes: `instanceof` across copies of the package. `require()` and `import` may load one each. */

import { describe, it } from "node:test";
import { assert, assertEquals } from "@std/assert";
import * as own from "../../src/contract/errors.ts";

const FILE = "../../src/contract/errors.ts?another-copy";
const other = (await import(FILE)) as typeof own;

const facts = { phase: "headers", message: "no" } as const;
const lost = ({ HoldfastError }: typeof own) => new HoldfastError({ ...facts, code: "ERR_CONNECTION_LOST" });
const broken = ({ ProtocolError }: typeof own) => new ProtocolError("remote", "bad-header", facts);

describe("the error classes of two copies", () => {
  it("are two", () => assert(own.ProtocolError !== other.ProtocolError));

  for (const [whose, made, asked] of [
    ["its own", own, own],
    ["another", own, other],
    ["the first", other, own],
  ] as const) {
    it(`know the errors of ${whose} copy`, () => {
      for (const error of [lost(made), broken(made)]) {
        assert(error instanceof asked.HoldfastError);
        assertEquals(error instanceof asked.ProtocolError, error.code === "ERR_PROTOCOL");
      }
    });
  }

  it("know no other error, and no value that is none", () => {
    for (const value of [new Error("no"), new TypeError("no"), undefined, null, 1, "ERR_PROTOCOL", {}])
      for (const kind of [own.HoldfastError, own.ProtocolError]) assert(!(value instanceof kind));
  });

  it("leave a subclass its own instances", () => {
    class Mine extends own.ProtocolError {}
    const mine = new Mine("local", "bad-header", facts);
    assert(mine instanceof Mine);
    assert(mine instanceof other.ProtocolError);
    assert(!(broken(own) instanceof Mine));
  });
});
