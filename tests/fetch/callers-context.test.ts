/**
 * Caller's context: functions and streams of a call run in the call's `AsyncLocalStorage` store, even when a callback of
 * another tenant frees the connection, resumes the upload, or causes the resend.
 */

import { AsyncLocalStorage } from "node:async_hooks";
import { createServer } from "node:http";
import { type AddressInfo, createServer as createTcpServer } from "node:net";
import { describe, it } from "node:test";
import { assert, assertEquals } from "@std/assert";
import { type BodySource, createPool, type Pool, type RequestOptions } from "../../mod.ts";
import { asyncContext } from "../../transports/runtime-services.ts";

const tenant = new AsyncLocalStorage<string>();

/** Records in whose store each function of a producer ran. */
type RecordStore = (where: string) => void;

const PIECES = 3;

/** Larger than sockets accept at once, so that a drain event asks for the next piece. */
const piece = (): Uint8Array => new Uint8Array(2_000_000);

/** Every kind of body that runs a function of the caller; `made` ones may be opened again. */
const BODIES: Record<string, (record: RecordStore) => RequestOptions["body"]> = {
  "a generator": (record) => generated(record),
  "a function that makes a generator": (record) => () => {
    record("make");
    return generated(record);
  },
  "a stream": (record) => streamed(record),
  "a function that makes a stream": (record) => () => {
    record("make");
    return streamed(record);
  },
  "an iterable": (record) =>
    ({
      [Symbol.asyncIterator]() {
        record("iterator");
        return generated(record);
      },
    }) as AsyncIterable<Uint8Array>,
  "a Blob-like": (record) => blobLike(record) as Blob,
  "a form with a Blob-like": (record) =>
    ({
      [Symbol.toStringTag]: "FormData",
      *[Symbol.iterator]() {
        yield ["file", blobLike(record)];
      },
    }) as unknown as FormData,
};

async function* generated(record: RecordStore): AsyncGenerator<Uint8Array> {
  for (let count = 0; count < PIECES; count++) {
    record(`piece ${count}`);
    yield piece();
    record(`after ${count}`);
  }
}

function streamed(record: RecordStore): ReadableStream<Uint8Array> {
  let count = 0;
  return new ReadableStream(
    {
      pull(controller) {
        record(`pull ${count}`);
        if (count++ < PIECES) controller.enqueue(piece());
        else controller.close();
      },
    },
    { highWaterMark: 0 },
  );
}

function blobLike(record: RecordStore): unknown {
  return {
    [Symbol.toStringTag]: "Blob",
    type: "",
    size: PIECES * piece().length,
    stream() {
      record("stream");
      return generated(record);
    },
  };
}

interface Recorder {
  readonly record: RecordStore;
  readonly stores: (string | undefined)[];
}

function recorder(): Recorder {
  const stores: (string | undefined)[] = [];
  return { stores, record: () => void stores.push(tenant.getStore()) };
}

type Send = (pool: Pool, url: string, body: RequestOptions["body"]) => Promise<{ text(): Promise<string> }>;

const WAYS: Record<string, Send> = {
  "request()": (pool, url, body) => pool.request(url, { method: "PUT", body: body ?? null }),
  "fetch()": (pool, url, body) =>
    pool.fetch(url, { method: "PUT", body: body as BodySource, duplex: "half" }),
  "fetch() with a Request": (pool, url, body) =>
    pool.fetch({ url, method: "PUT", body: body as ReadableStream<Uint8Array> }),
};

function fits(name: string, way: string): boolean {
  if (way === "request()") return true;
  if (name.startsWith("a function")) return false;
  return way === "fetch()" || name === "a stream";
}

async function listening(server: ReturnType<typeof createTcpServer>): Promise<string> {
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}/`;
}

const closed = (server: ReturnType<typeof createTcpServer>): Promise<void> =>
  new Promise((resolve) => server.close(() => resolve()));

function assertAll(stores: readonly (string | undefined)[], expected: string): void {
  assert(stores.length >= PIECES, `${stores.length} calls`);
  assertEquals(stores, Array(stores.length).fill(expected));
}

for (const [way, send] of Object.entries(WAYS)) {
  describe(`${way}, of two tenants with one connection, runs in the store of its caller`, () => {
    for (const [name, make] of Object.entries(BODIES)) {
      if (!fits(name, way)) continue;
      it(name, async () => {
        const server = createServer((request, response) => {
          request.resume().on("end", () => response.end("there"));
        });
        const url = await listening(server);
        await using pool = createPool({ maxConnections: 1 });
        const tenants = ["first", "second", "third"].map((store) => ({ store, ...recorder() }));
        const answers = tenants.map(({ store, record }) =>
          tenant.run(store, () => send(pool, url, make(record))),
        );
        for (const answer of answers) assertEquals(await (await answer).text(), "there");
        for (const { store, stores } of tenants) assertAll(stores, store);
        await pool.close();
        await closed(server);
      });
    }
  });
}

describe("a body that is produced again runs in the store of its caller", () => {
  for (const name of ["a function that makes a generator", "a function that makes a stream", "a Blob-like"]) {
    it(`${name}, when a reused connection turns out to be closed`, async () => {
      let connections = 0;
      const server = createTcpServer((socket) => {
        connections += 1;
        const isFirst = connections === 1;
        let received = "";
        socket.on("error", () => {});
        socket.on("data", (bytes) => {
          received = (received + bytes.toString("latin1")).slice(-20);
          if (bytes.toString("latin1").startsWith("GET"))
            socket.write("HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n");
          else if (isFirst) socket.resetAndDestroy();
          else if (received.endsWith("0\r\n\r\n"))
            socket.write("HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nthere");
          else if (socket.bytesRead > PIECES * piece().length)
            socket.write("HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nthere");
        });
      });
      const url = await listening(server);
      await using pool = createPool({ maxConnections: 1 });
      await tenant.run("another", async () => (await pool.request(url)).bytes());
      const { record, stores } = recorder();
      const answer = tenant.run("mine", () =>
        pool.request(url, { method: "PUT", body: BODIES[name]?.(record) ?? null }),
      );
      assertEquals((await answer).status, 200);
      assertAll(stores, "mine");
      await pool.close();
      await closed(server);
    });
  }
});

describe("a stream that is cancelled", () => {
  it("is cancelled in the store of its caller, in whichever store the abort comes", async () => {
    const server = createTcpServer((socket) => void socket.on("error", () => {}));
    const url = await listening(server);
    await using pool = createPool({ maxConnections: 1 });
    const aborting = new AbortController();
    void tenant.run("another", () => pool.request(url)).catch(() => {});
    const stores: (string | undefined)[] = [];
    const body = tenant.run(
      "mine",
      () =>
        new ReadableStream<Uint8Array>(
          { cancel: () => void stores.push(tenant.getStore()) },
          { highWaterMark: 0 },
        ),
    );
    const sending = tenant.run("mine", () =>
      pool.request(url, { method: "PUT", body, signal: aborting.signal }).then(
        () => "sent",
        () => "aborted",
      ),
    );
    tenant.run("a third", () => aborting.abort());
    assertEquals([await sending, stores], ["aborted", ["mine"]]);
    await pool.close({ timeout: 0 });
    await closed(server);
  });
});

describe("the runtime's way to remember a context", () => {
  it("works, and is not called for a request without functions", async () => {
    const run = tenant.run("then", () => asyncContext());
    assertEquals(
      run?.(() => tenant.getStore()),
      "then",
    );
    const { memoryTransport } = await import("../../transports/memory.ts");
    let asked = 0;
    const context = () => {
      asked += 1;
      return undefined;
    };
    const transport = Object.assign(memoryTransport({ respond: () => ({}) }), { context });
    await using pool = createPool({ transport });
    const form = new FormData();
    form.append("file", new File(["x"], "x"));
    for (const body of ["text", new Uint8Array(3), new Blob(["x"]), new URLSearchParams("a=1"), form]) {
      await (await pool.request("http://a.test/", { method: "PUT", body })).bytes();
      await (await pool.fetch("http://a.test/", { method: "PUT", body })).bytes();
    }
    await (await pool.fetch("http://a.test/")).bytes();
    assertEquals(asked, 0);
    await (await pool.request("http://a.test/", { method: "PUT", body: new Blob(["x"]).stream() })).bytes();
    assertEquals(asked, 1);
  });
});
