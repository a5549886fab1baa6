/**
 * Faulty signals: where a member of a foreign signal throws, `fetch()` fails as it always does, and the cause says how much
 * of the request was sent.
 */

import { describe, it } from "node:test";
import { assert, assertEquals, assertInstanceOf } from "@std/assert";
import { createPool, type HoldfastError } from "../../mod.ts";
import { type FaultyMember, factsOf, faultySignal } from "../support/faulty-signal.ts";
import { causeOf, failure, pieces, scripted, serving, settled, utf8 } from "./support.ts";

const MEMBERS: readonly FaultyMember[] = ["aborted", "reason", "addEventListener"];

const UNSENT = "ERR_FUNCTION in queue, sent none";

/** The facts about the failed call, whose first cause must name the member. */
function unsent(cause: HoldfastError, member: FaultyMember): void {
  const facts = factsOf(cause);
  assertEquals(facts, Array(facts.length).fill(UNSENT));
  assert(cause.message.includes(`signal.${member} threw: Error: broken`), cause.message);
}

/** A body that takes some turns to read. */
function slowRequest(signal: AbortSignal): [Request, { signal: AbortSignal }] {
  const body = pieces(utf8("a"), utf8("b")).stream;
  return [new Request("http://a.test/", { method: "POST", body, duplex: "half" } as RequestInit), { signal }];
}

for (const member of MEMBERS) {
  describe(`fetch() with a signal whose ${member} throws`, () => {
    it("says that nothing was sent, with a body and without", async () => {
      for (const body of [undefined, "text", pieces(utf8("a")).stream]) {
        await using at = serving();
        const { signal, spoil } = faultySignal(member);
        spoil();
        const init =
          body === undefined ? { signal } : { signal, method: "POST", body, duplex: "half" as const };
        unsent(await causeOf(at.pool.fetch("http://a.test/", init)), member);
        await settled();
        assertEquals([at.requests.length, at.pool.stats().active], [0, 0]);
      }
    });

    it("says so before the transport is loaded", async () => {
      await using pool = createPool();
      const { signal, spoil } = faultySignal(member);
      spoil();
      unsent(await causeOf(pool.fetch("http://a.test/", { signal })), member);
    });

    it("says so of the body of a Request, and sends nothing even if it throws only once", async () => {
      for (const times of [1, Infinity]) {
        await using at = serving();
        const { signal, spoil } = faultySignal(member, times);
        spoil();
        unsent(await causeOf(at.pool.fetch(...slowRequest(signal))), member);
        await settled();
        assertEquals([at.requests.length, at.pool.stats().active], [0, 0]);
      }
    });

    it("says so while the body of a Request is read", async () => {
      await using at = serving();
      const { signal, spoil } = faultySignal(member);
      const failed = causeOf(at.pool.fetch(...slowRequest(signal)));
      spoil();
      unsent(await failed, member);
      await settled();
      assertEquals([at.requests.length, at.pool.stats().active], [0, 0]);
    });

    it("says so of the request behind a redirect", async () => {
      const { signal, spoil } = faultySignal(member);
      await using at = serving(() => {
        spoil();
        return { status: 302, headers: { Location: "/to" } };
      });
      unsent(await causeOf(at.pool.fetch("http://a.test/from", { signal })), member);
      assertEquals([at.requests.length, at.pool.stats().active], [1, 0]);
    });
  });
}

describe("fetch() of a URL that needs no connection", () => {
  for (const member of ["aborted", "reason"] as const)
    it(`fails as it always does if ${member} of the signal throws`, async () => {
      await using at = serving();
      for (const url of ["data:,x", "ftp://a.test/", "http://a.test:25/"]) {
        const { signal, spoil } = faultySignal(member);
        spoil();
        unsent(await causeOf(at.pool.fetch(url, { signal })), member);
      }
    });
});

describe("fetch() with a signal whose reason throws when it is aborted", () => {
  it("says so while the body of a Request is read", async () => {
    await using at = serving();
    const { signal, abort } = faultySignal("reason");
    const failed = causeOf(at.pool.fetch(...slowRequest(signal)));
    abort();
    unsent(await failed, "reason");
    await settled();
    assertEquals(at.requests.length, 0);
  });

  it("says that all was sent, once all was", async () => {
    await using at = scripted(() => {});
    const { signal, abort } = faultySignal("reason");
    const failed = causeOf(at.pool.fetch("http://a.test/", { method: "POST", body: "text", signal }));
    await settled();
    abort();
    const inHeaders = "ERR_FUNCTION in headers, sent full";
    assertEquals(factsOf(await failed), [inHeaders, inHeaders]);
  });

  it("says that a part was sent, once a part was", async () => {
    await using at = scripted(() => {});
    const { signal, abort } = faultySignal("reason");
    const body = new ReadableStream<Uint8Array>({ start: (controller) => controller.enqueue(utf8("a")) });
    const init = { method: "POST", body, signal, duplex: "half" } as const;
    const failed = causeOf(at.pool.fetch("http://a.test/", init));
    await settled();
    abort();
    const inSend = "ERR_FUNCTION in send, sent partial";
    assertEquals(factsOf(await failed), [inSend, inSend]);
  });
});

it("fetch() refuses what is no signal, also with a URL that nobody answers", async () => {
  await using at = serving();
  const error = await failure(at.pool.fetch("ftp://a.test/", { signal: 5 as unknown as AbortSignal }));
  assertInstanceOf(error, TypeError);
  assert(error.message.includes("signal must be an AbortSignal"), error.message);
});
