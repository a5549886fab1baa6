/** Request bodies whose source fills one buffer again for each piece, while the peer reads late. Runs on real sockets. */

import { createServer, type IncomingMessage, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { afterEach, beforeEach, describe, it } from "node:test";
import { assertEquals } from "@std/assert";
import { createPool, type Pool } from "../../mod.ts";
import { type CurrentHandler, dispatcher } from "../../src/dispatcher/mod.ts";
import { ALL_BYTES, fillPiece, LateReader, PIECE_BYTES, PIECES, RIGHT } from "../support/late-reader.ts";
import { eventually, guarded, PATIENT } from "../support/patience.ts";
import { moment } from "../transports/support.ts";

/** A source with one buffer, and how many pieces were asked for. */
class Source {
  pulled = 0;
  readonly #buffer = new Uint8Array(PIECE_BYTES);

  #next(): Uint8Array {
    fillPiece(this.#buffer, this.pulled);
    this.pulled += 1;
    return this.#buffer;
  }

  async *pieces(): AsyncGenerator<Uint8Array> {
    while (this.pulled < PIECES) yield this.#next();
  }

  /** Is asked for a piece only when somebody reads. */
  stream(): ReadableStream<Uint8Array> {
    const pull = (controller: ReadableStreamDefaultController<Uint8Array>): void => {
      if (this.pulled < PIECES) controller.enqueue(this.#next());
      else controller.close();
    };
    return new ReadableStream({ pull }, { highWaterMark: 0 });
  }

  /** Waits until it is asked no more, or for nothing. */
  async stuck(): Promise<void> {
    let before = 0;
    await eventually(async () => {
      before = this.pulled;
      await moment();
      return before > 0 && before === this.pulled;
    }, "a peer that takes no more");
  }
}

/** A handler of undici 7 and 8 for a request that is not answered. */
const UNANSWERED: CurrentHandler = {
  onRequestStart() {},
  onResponseStart() {},
  onResponseData() {},
  onResponseEnd() {},
  onResponseError() {},
};

type Send = (pool: Pool, url: string, source: Source, headers: Record<string, string>) => unknown;

const FORMS: Readonly<Record<string, Send>> = {
  "request() with a generator": (pool, url, source, headers) =>
    pool.request(url, { method: "POST", headers, body: () => source.pieces() }),
  "request() with a stream": (pool, url, source, headers) =>
    pool.request(url, { method: "POST", headers, body: source.stream() }),
  "fetch() with a stream": (pool, url, source, headers) =>
    pool.fetch(url, { method: "POST", headers, body: source.stream(), duplex: "half" } as RequestInit),
  "a dispatcher with a generator": (pool, url, source, headers) =>
    dispatcher(pool).dispatch(
      { origin: url, path: "/", method: "POST", headers, body: source.pieces() },
      UNANSWERED,
    ),
};

describe("a body whose source uses one buffer for all of it is sent right by", PATIENT, () => {
  let server: Server;
  let pool: Pool;
  let url: string;
  let received: Promise<LateReader>;

  beforeEach(async () => {
    received = new Promise((resolve) => {
      server = createServer((request: IncomingMessage) => resolve(new LateReader(request)));
    });
    await new Promise<void>((resolve) => void server.listen(0, "127.0.0.1", resolve));
    url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
    pool = createPool();
  });
  afterEach(async () => {
    await pool.close({ timeout: 0 });
    server.close();
    server.closeAllConnections?.();
  });

  for (const [name, send] of Object.entries(FORMS))
    for (const length of [undefined, ALL_BYTES])
      it(`${name}, ${length === undefined ? "in chunks" : "of known length"}`, PATIENT, async () => {
        const source = new Source();
        const headers: Record<string, string> = length === undefined ? {} : { "content-length": `${length}` };
        Promise.resolve(send(pool, url, source, headers)).catch(() => {}); // the server never answers
        const reader = await guarded(received, "the request");
        await source.stuck();
        assertEquals(await guarded(reader.read(), "the body"), RIGHT);
      });
});
