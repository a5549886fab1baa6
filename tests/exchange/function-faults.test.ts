/** Function faults: an error about a function of the caller says how much of the request was sent, and so does its cause. */

import { describe, it } from "node:test";
import { assertEquals } from "@std/assert";
import { HoldfastError, type PoolOptions, type RequestOptions } from "../../mod.ts";
import { settled } from "../support/clock.ts";
import { type FaultyMember, factsOf, faultySignal } from "../support/faulty-signal.ts";
import { service } from "../support/service.ts";

/** The facts about one request, during which `meanwhile` happens. Its server is mute. */
async function factsFrom(
  options: PoolOptions,
  asked: RequestOptions = {},
  meanwhile: () => void = () => {},
): Promise<string[]> {
  const made = service(options, undefined, { respond: undefined });
  const failed = made.pool.request("http://a.test/", asked).catch((error: unknown) => error);
  await settled();
  meanwhile();
  const facts = factsOf(await failed);
  await made.pool.close({ timeout: 0 });
  return facts;
}

/** The same of a request whose signal is spoilt from the start. */
function factsWith(member: FaultyMember, asked: RequestOptions = {}): Promise<string[]> {
  const { signal, spoil } = faultySignal(member);
  spoil();
  return factsFrom({}, { ...asked, signal });
}

/** A stream that gives one byte, and then nothing. Its reason is that of its cancellation. */
function stalled(): { readonly body: ReadableStream<Uint8Array>; readonly reasons: unknown[] } {
  const reasons: unknown[] = [];
  const body = new ReadableStream<Uint8Array>({
    start: (controller) => controller.enqueue(new Uint8Array(1)),
    cancel: (reason) => void reasons.push(reason),
  });
  return { body, reasons };
}

describe("the error about a function that failed", () => {
  it("says that nothing was sent, if nothing was", async () => {
    const inQueue = "ERR_FUNCTION in queue, sent none";
    const origins = (): never => {
      throw new Error("broken");
    };
    assertEquals(await factsFrom({ origins }), [inQueue, inQueue]);
    assertEquals(await factsWith("addEventListener"), [inQueue, inQueue]);
    assertEquals(await factsWith("aborted"), [inQueue]);
    assertEquals(await factsWith("reason"), [inQueue]);
  });

  it("says that nothing was sent, if it was to open a connection", async () => {
    const inConnect = "ERR_FUNCTION in connect, sent none";
    const tls = (): never => {
      throw new Error("broken");
    };
    const made = service({ tls });
    const error = await made.pool.request("https://a.test/").catch((thrown: unknown) => thrown);
    if (!(error instanceof HoldfastError) || !(error.cause instanceof HoldfastError)) throw error;
    const facts = [error, error.cause].map(({ code, phase, sent }) => `${code} in ${phase}, sent ${sent}`);
    assertEquals(facts, [inConnect, inConnect]);
  });

  it("says so to the body as well, which is cancelled", async () => {
    for (const member of ["aborted", "reason", "addEventListener"] as const) {
      const { body, reasons } = stalled();
      await factsWith(member, { method: "POST", body });
      const inQueue = "ERR_FUNCTION in queue, sent none";
      const facts = factsOf(reasons[0]);
      assertEquals([reasons.length, facts], [1, Array(facts.length).fill(inQueue)]);
      assertEquals(facts.length > 0, true);
    }
  });

  it("says that a part was sent, if a part was", async () => {
    const { signal, abort } = faultySignal("reason");
    const { body } = stalled();
    const inSend = "ERR_FUNCTION in send, sent partial";
    assertEquals(await factsFrom({}, { method: "POST", body, signal }, abort), [inSend, inSend]);
  });

  it("says that all was sent, if all was", async () => {
    const inHeaders = "ERR_FUNCTION in headers, sent full";
    for (const body of [undefined, "text"]) {
      const { signal, abort } = faultySignal("reason");
      const asked = body === undefined ? { signal } : { signal, method: "POST", body };
      assertEquals(await factsFrom({}, asked, abort), [inHeaders, inHeaders]);
    }
  });
});

describe("the error about a request body", () => {
  it("that the transport could not read says that nothing was sent, and so does its cause", async () => {
    const readBlob = (): never => {
      throw new Error("broken");
    };
    const { pool } = service({}, undefined, { respond: undefined }, { readBlob });
    const form = new FormData();
    form.append("field", "text");
    form.append("file", new Blob(["blob"]));
    for (const body of [new Blob(["blob"]), form]) {
      const failed = pool.request("http://a.test/", { method: "POST", body });
      const facts = factsOf(await failed.catch((error: unknown) => error));
      assertEquals(facts, ["ERR_REQUEST_BODY in send, sent none", "ERR_FUNCTION in send, sent none"]);
    }
    await pool.close({ timeout: 0 });
  });

  it("that fails says how much of the request was sent", async () => {
    let pulls = 0;
    const body = new ReadableStream<Uint8Array>(
      {
        pull(controller) {
          pulls += 1;
          if (pulls === 1) controller.enqueue(new Uint8Array(1));
          else controller.error(new Error("broken"));
        },
      },
      { highWaterMark: 0 },
    );
    const asked = { method: "POST", body };
    assertEquals(await factsFrom({}, asked), ["ERR_REQUEST_BODY in send, sent partial"]);
  });
});
