/** Blobs that the runtime reads within a call: forms and Blobs are put together in memory that requests take turns with. */

import { describe, it } from "node:test";
import { assertEquals, assertInstanceOf, assertMatch } from "@std/assert";
import { type BodySource, createPool, HoldfastError } from "../../mod.ts";
import type { ReadBlob } from "../../src/contract/transport.ts";
import { BodyMemory } from "../../src/pool/body-memory.ts";
import { CheckedSocket } from "../../src/pool/connect/checked-socket.ts";
import type { MemoryPeer } from "../../transports/memory.ts";
import { hostname, serveNode } from "../support/serve.ts";
import { failure, inTurn, type Setup, scripted } from "./support.ts";

const url = "http://a.test/";
const OK = "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n";

/** Blobs whose bytes are known without a read. */
const contents = new WeakMap<Blob, string>();

function blobOf(text: string, type = ""): Blob {
  const blob = new Blob([text], { type });
  contents.set(blob, text);
  return blob;
}

/** A form makes its own file of a Blob. */
const FILES = new Map([
  [16_384, "x".repeat(16_384)],
  [16_000, "y".repeat(16_000)],
]);

/** A body of several parts. */
function formOf(size: number): FormData {
  const form = new FormData();
  form.append("file", new Blob([FILES.get(size) ?? ""]), "name");
  return form;
}

const encoded = (text: string): ArrayBuffer => new TextEncoder().encode(text).buffer as ArrayBuffer;

const readBlob: ReadBlob = (blob) => {
  const text = contents.get(blob) ?? (blob instanceof File ? FILES.get(blob.size) : undefined);
  return text === undefined ? blob.arrayBuffer() : encoded(text);
};

/**
 * The memory that bodies are lent, in the order of the requests. `allWritten`: what sockets say of what was written. Those in memory
 * do not tell.
 */
async function withTakes(
  allWritten: boolean | undefined,
  body: (takes: ArrayBuffer[]) => Promise<void>,
): Promise<void> {
  const { take } = BodyMemory.prototype;
  const takes: ArrayBuffer[] = [];
  BodyMemory.prototype.take = function (length) {
    const bytes = take.call(this, length);
    takes.push(bytes.buffer);
    return bytes;
  };
  const own = Object.getOwnPropertyDescriptor(CheckedSocket.prototype, "allWritten") ?? {};
  Object.defineProperty(CheckedSocket.prototype, "allWritten", { ...own, get: () => allWritten });
  try {
    await body(takes);
  } finally {
    BodyMemory.prototype.take = take;
    Object.defineProperty(CheckedSocket.prototype, "allWritten", own);
  }
}

const connected = (accept: (peer: MemoryPeer) => void): Setup => scripted(accept, {}, {}, { readBlob });

const put = (at: Setup, body: BodySource) => at.pool.request(url, { method: "PUT", body });

/** What a server receives of a request with this body. */
async function sent(body: BodySource, read: ReadBlob): Promise<string> {
  let received = "";
  const accept = (peer: MemoryPeer): void =>
    peer.onData(() => {
      received = peer.receivedText;
      peer.send(OK);
    });
  await using at = scripted(accept, {}, {}, { readBlob: read });
  await put(at, body);
  return received;
}

describe("a Blob that is read within the call", () => {
  it("is sent like every Blob", async () => {
    const received = await sent(blobOf("x".repeat(5000)), readBlob);
    assertEquals(received.split("\r\n\r\n")[1], "x".repeat(5000));
  });

  it("is sent in a form, beside one that takes longer and an empty one", async () => {
    const form = new FormData();
    form.append("a", new Blob(["slow"]), "a");
    form.append("b", new Blob(["is later"]), "b");
    form.append("c", new Blob([]), "c");
    const received = await sent(form, (blob) => (blob.size === 4 ? encoded("slow") : blob.arrayBuffer()));
    const parts = received.split(/^--.*\r\n/m).map((part) => part.split("\r\n\r\n"));
    assertEquals(
      parts.slice(1, 4).map(([, content]) => content),
      ["slow\r\n", "is later\r\n", "\r\n"],
    );
  });

  it("fails the request if it has another length by then", async () => {
    await using at = scripted(() => {}, {}, {}, { readBlob: () => encoded("longer than it was") });
    const error = await failure(put(at, new Blob(["short"])));
    assertInstanceOf(error, HoldfastError);
    assertEquals([error.code, error.sent], ["ERR_REQUEST_BODY", "none"]);
    assertMatch(error.message, /must be 5 bytes/);
  });

  it("fails the request if the transport's function throws", async () => {
    const thrown = new Error("no");
    const fails: ReadBlob = () => {
      throw thrown;
    };
    await using at = scripted(() => {}, {}, {}, { readBlob: fails });
    const error = await failure(put(at, new Blob(["short"])));
    assertInstanceOf(error, HoldfastError);
    assertEquals(error.code, "ERR_REQUEST_BODY");
    assertMatch(error.message, /transport\.readBlob threw/);
  });
});

describe("the memory of such a body", () => {
  const body = () => formOf(16_384);

  it("is used again once its request is over", () =>
    withTakes(true, async (takes) => {
      await using at = connected(inTurn([OK, OK]));
      await put(at, body());
      await put(at, formOf(16_000));
      assertEquals([takes.length, takes[0] === takes[1]], [2, true]);
    }));

  it("is not, while its request runs", () =>
    withTakes(true, async (takes) => {
      await using at = connected(inTurn([OK, OK]));
      await Promise.all([put(at, body()), put(at, body())]);
      assertEquals([takes.length, takes[0] === takes[1]], [2, false]);
    }));

  for (const [name, allWritten] of [
    ["has not taken all", false],
    ["does not say what it has taken", undefined],
  ] as const)
    it(`is not, if the socket ${name}`, () =>
      withTakes(allWritten, async (takes) => {
        await using at = connected(inTurn([OK, OK]));
        await put(at, body());
        await put(at, body());
        assertEquals([takes.length, takes[0] === takes[1]], [2, false]);
      }));

  it("is not, after a resend: the connection before may still refer to it", () =>
    withTakes(true, async (takes) => {
      let answered = 0;
      const accept = (peer: MemoryPeer): void =>
        peer.onData(() => {
          answered += 1;
          if (answered === 2) peer.end();
          else peer.send(OK);
        });
      await using at = connected(accept);
      await put(at, "warm");
      const { resendCount } = await put(at, body());
      await put(at, body());
      assertEquals([resendCount, takes.length, takes[0] === takes[1]], [1, 2, false]);
    }));

  it("is not, if the request was aborted", () =>
    withTakes(true, async (takes) => {
      await using at = connected((peer) => peer.onData(() => {}));
      const aborting = new AbortController();
      const failed = failure(at.pool.request(url, { method: "PUT", body: body(), signal: aborting.signal }));
      setTimeout(() => aborting.abort(), 0);
      await failed;
      void put(at, body()).catch(() => {});
      assertEquals([takes.length, takes[0] === takes[1]], [2, false]);
    }));

  it("is read anew for a redirect", () =>
    withTakes(true, async () => {
      const bodies: string[] = [];
      const MOVED = "HTTP/1.1 307 Temporary Redirect\r\nLocation: /there\r\nContent-Length: 0\r\n\r\n";
      const answers = [MOVED, OK];
      const accept = (peer: MemoryPeer): void => {
        let seen = 0;
        peer.onData(() => {
          const text = peer.receivedText.slice(seen);
          seen += text.length;
          bodies.push(text.split("\r\n\r\n")[1] ?? "");
          peer.send(answers.shift() ?? "");
        });
      };
      await using at = connected(accept);
      const response = await at.pool.fetch(url, { method: "PUT", body: blobOf("z".repeat(5000)) });
      assertEquals([response.status, bodies.map((text) => text === "z".repeat(5000))], [200, [true, true]]);
    }));

  for (const [what, allWritten] of [
    ["freed once its request is over", true],
    ["left alone, if the socket has not taken all", false],
  ] as const)
    it(`is what the read gave, if the Blob is alone: ${what}`, () =>
      withTakes(allWritten, async (takes) => {
        const reads: ArrayBuffer[] = [];
        const read: ReadBlob = () => {
          const bytes = encoded("x".repeat(16_384));
          reads.push(bytes);
          return bytes;
        };
        await using at = scripted(inTurn([OK, OK]), {}, {}, { readBlob: read });
        const blob = blobOf("x".repeat(16_384));
        await put(at, blob);
        await put(at, blob);
        const freed = allWritten && "transfer" in ArrayBuffer.prototype ? 0 : 16_384;
        assertEquals([takes.length, reads.map(({ byteLength }) => byteLength)], [0, [freed, freed]]);
      }));

  it("is as long as asked for, and what is too short is dropped", () => {
    const memory = new BodyMemory(readBlob);
    const short = memory.take(5000);
    memory.giveBack(short);
    const long = memory.take(9000);
    assertEquals([short.length, long.length, long.buffer === short.buffer], [5000, 9000, false]);
    memory.giveBack(long);
    const again = memory.take(8999);
    assertEquals([again.length, again.buffer === long.buffer], [8999, true]);
    assertEquals(memory.take(8999).buffer === long.buffer, false);
  });

  it("is bounded, and small bodies have none", () => {
    const memory = new BodyMemory(readBlob);
    const taken = Array.from({ length: 40 }, () => memory.take(5000));
    for (const bytes of taken) memory.giveBack(bytes);
    const before = new Set(taken.map(({ buffer }) => buffer));
    const again = Array.from({ length: 40 }, () => memory.take(5000));
    assertEquals(again.filter(({ buffer }) => before.has(buffer)).length, 32);
    const small = memory.take(100);
    memory.giveBack(small);
    assertEquals([small.buffer.byteLength, memory.take(100) === small], [100, false]);
  });
});

describe("with sockets of the runtime", () => {
  it("each of many bodies under way is its own", async () => {
    const server = await serveNode(async (request) => {
      const whole = request.headers.get("content-type")?.startsWith("multipart/");
      const file = whole === true ? (await request.formData()).get("file") : await request.blob();
      return new Response(file as Blob);
    });
    await using pool = createPool();
    const send = async (index: number): Promise<void> => {
      const text = String.fromCharCode(97 + (index % 26)).repeat(4000 + 997 * (index % 60));
      const form = new FormData();
      form.append("file", new Blob([text]), "name");
      const body = index % 3 === 0 ? new Blob([text]) : form;
      const response = await pool.fetch(`http://${hostname}:${server.port}/`, { method: "POST", body });
      assertEquals((await response.text()) === text, true, `body ${index}`);
    };
    for (let round = 0; round < 5; round++)
      await Promise.all(Array.from({ length: 40 }, (_, index) => send(index + 40 * round)));
    await server.close();
  });
});
