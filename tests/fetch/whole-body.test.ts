/** Short Blobs and forms: read before a connection is asked for, and sent with their head. */

import { describe, it } from "node:test";
import { assertEquals, assertInstanceOf, assertMatch, assertStrictEquals } from "@std/assert";
import { type BodySource, HoldfastError } from "../../mod.ts";
import type { MemoryPeer } from "../../transports/memory.ts";
import { failure, inTurn, scripted, serving, settled } from "./support.ts";

const url = "http://a.test/";
const OK = "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n";
const LIMIT = 65_536;

const formOf = (...files: Blob[]): FormData => {
  const form = new FormData();
  form.append("field", "value");
  for (const file of files) form.append("file", file, "name");
  return form;
};

/** Replaces how the runtime reads a Blob, for as long as `body` runs. */
async function withReads(
  read: (blob: Blob) => Promise<ArrayBuffer>,
  body: () => Promise<void>,
): Promise<void> {
  const { arrayBuffer } = Blob.prototype;
  Blob.prototype.arrayBuffer = function () {
    return read(this);
  };
  try {
    await body();
  } finally {
    Blob.prototype.arrayBuffer = arrayBuffer;
  }
}

/** A read that is finished by hand. */
function heldRead() {
  let reads = 0;
  let resolve: (bytes: ArrayBuffer) => void = () => {};
  const promise = new Promise<ArrayBuffer>((settle) => {
    resolve = settle;
  });
  return {
    read: () => {
      reads += 1;
      return promise;
    },
    finish: (text: string) => resolve(new TextEncoder().encode(text).buffer as ArrayBuffer),
    get count() {
      return reads;
    },
  };
}

const SHORT: Record<string, () => BodySource> = {
  "a Blob": () => new Blob(["x".repeat(16_384)]),
  "the longest Blob": () => new Blob(["x".repeat(LIMIT)]),
  "an empty Blob": () => new Blob([]),
  "a form with two files": () => formOf(new Blob(["x".repeat(16_384)]), new Blob(["y"])),
};

describe("a short body is sent with its head in one write", () => {
  for (const [name, make] of Object.entries(SHORT)) {
    it(name, async () => {
      for (const how of ["request", "fetch"] as const) {
        let writes = 0;
        await using at = scripted((peer) => {
          peer.onData(() => {
            writes += 1;
            const [head = "", body] = peer.receivedText.split("\r\n\r\n", 2);
            const length = Number(/content-length: (\d+)/i.exec(head)?.[1]);
            if (body !== undefined && peer.received.length === head.length + 4 + length) peer.send(OK);
          });
        });
        const { status } = await at.pool[how](url, { method: "POST", body: make() });
        assertEquals([status, writes], [200, 1]);
      }
    });
  }

  it("but not one that is longer than 64 KiB", async () => {
    let writes = 0;
    await using at = scripted((peer) => {
      peer.onData(() => {
        writes += 1;
        if (peer.received.length > LIMIT + 1) peer.send(OK);
      });
    });
    await at.pool.request(url, { method: "POST", body: new Blob(["x".repeat(LIMIT + 1)]) });
    assertEquals(writes > 1, true);
  });
});

describe("while a short Blob is read", () => {
  const body = () => new Blob(["abc"]);

  it("no connection is held", async () => {
    const held = heldRead();
    await withReads(held.read, async () => {
      await using at = serving();
      const sending = at.pool.request(url, { method: "PUT", body: body() });
      await settled();
      assertEquals([held.count, at.transport.attempts], [1, 0]);
      held.finish("abc");
      await sending;
      assertEquals(new TextDecoder().decode(at.requests[0]?.body), "abc");
    });
  });

  it("an abort is heard at once", async () => {
    const held = heldRead();
    await withReads(held.read, async () => {
      await using at = serving();
      const aborting = new AbortController();
      const failed = failure(at.pool.request(url, { method: "PUT", body: body(), signal: aborting.signal }));
      await settled();
      const reason = new Error("enough");
      aborting.abort(reason);
      assertStrictEquals(await failed, reason);
      held.finish("abc");
      await settled();
      assertEquals(at.transport.attempts, 0);
    });
  });

  it("the total time passes", async () => {
    const held = heldRead();
    await withReads(held.read, async () => {
      await using at = serving();
      const alive = setInterval(() => {}, 1000);
      const error = await failure(at.pool.request(url, { method: "PUT", body: body(), requestTimeout: 20 }));
      clearInterval(alive);
      assertInstanceOf(error, HoldfastError);
      assertEquals([error.code, error.sent], ["ERR_REQUEST_TIMEOUT", "none"]);
    });
  });

  it("the pool may close", async () => {
    const held = heldRead();
    await withReads(held.read, async () => {
      const at = serving();
      const failed = failure(at.pool.request(url, { method: "PUT", body: body() }));
      await settled();
      await at.pool.close();
      held.finish("abc");
      const error = await failed;
      assertInstanceOf(error, HoldfastError);
      assertEquals([error.code, at.transport.attempts], ["ERR_POOL_CLOSED", 0]);
    });
  });
});

const UNREADABLE: Record<string, [read: () => Promise<ArrayBuffer>, message: RegExp]> = {
  "cannot be read": [() => Promise.reject(new Error("gone")), /could not be read: gone/],
  "has become shorter": [async () => new ArrayBuffer(2), /must be 3 bytes.* it gave 2/],
  "has become longer": [async () => new ArrayBuffer(4), /must be 3 bytes.* it gave 4/],
};

describe("a short Blob fails its request before anything is sent, when it", () => {
  for (const [name, [read, message]] of Object.entries(UNREADABLE)) {
    it(name, async () => {
      await withReads(read, async () => {
        for (const body of [new Blob(["abc"]), formOf(new Blob(["ab"]), new Blob(["abc"]))]) {
          await using at = serving();
          const error = await failure(at.pool.request(url, { method: "PUT", body }));
          assertInstanceOf(error, HoldfastError);
          const { code, phase, sent } = error;
          assertEquals([code, phase, sent], ["ERR_REQUEST_BODY", "send", "none"]);
          if (body instanceof Blob) assertMatch(error.message, message);
          assertEquals(at.transport.attempts, 0);
        }
      });
    });
  }
});

describe("a short Blob", () => {
  it("is read once for a request that is sent twice", async () => {
    let reads = 0;
    const { arrayBuffer } = Blob.prototype;
    const read = (blob: Blob): Promise<ArrayBuffer> => {
      reads += 1;
      return arrayBuffer.call(blob);
    };
    await withReads(read, async () => {
      await using at = scripted((peer: MemoryPeer) => {
        peer.onData(() => {
          const text = peer.receivedText;
          if (text.startsWith("GET ") && text.includes("PUT ")) return peer.reset();
          if (text.startsWith("GET ") || text.endsWith("abc")) peer.send(OK);
        });
      });
      await (await at.pool.request(url)).bytes();
      const response = await at.pool.request(url, { method: "PUT", body: new Blob(["abc"]) });
      assertEquals([response.status, response.resendCount, reads], [200, 1, 1]);
    });
  });

  it("that the server may not want is not read", async () => {
    const held = heldRead();
    await withReads(held.read, async () => {
      await using at = scripted(inTurn(["HTTP/1.1 417 No\r\nContent-Length: 0\r\n\r\n"]));
      const headers = { expect: "100-continue" };
      const { status } = await at.pool.request(url, { method: "PUT", body: new Blob(["abc"]), headers });
      assertEquals([status, held.count], [417, 0]);
    });
  });

  it("with trailers is sent in chunks", async () => {
    await using at = scripted((peer) => {
      peer.onData(() => {
        if (peer.receivedText.endsWith("\r\n3\r\nabc\r\n0\r\nx-sum: 1\r\n\r\n")) peer.send(OK);
      });
    });
    const { status } = await at.pool.request(url, {
      method: "PUT",
      body: new Blob(["abc"]),
      trailers: { "x-sum": "1" },
    });
    assertEquals(status, 200);
  });
});
