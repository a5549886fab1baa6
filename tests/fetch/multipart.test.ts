/** Forms and Blobs: encoded as the standards say, sent with their length, and read in pieces as fast as the peer reads. */

import { describe, it } from "node:test";
import { assert, assertEquals, assertInstanceOf, assertMatch, assertNotEquals } from "@std/assert";
import { type BodySource, HoldfastError } from "../../mod.ts";
import { failure, scripted, serving, settled, utf8 } from "./support.ts";

const url = "http://a.test/";

/** The bytes sent for a form, with `BOUNDARY` in place of its boundary. */
async function sent(form: unknown): Promise<string> {
  await using at = serving();
  for (const send of [at.pool.fetch, at.pool.request])
    await send(url, { method: "POST", body: form as FormData });
  const texts = at.requests.map(({ headers, body }) => {
    const boundary =
      /^multipart\/form-data; boundary=(\S+)$/.exec(headers.get("content-type") ?? "")?.[1] ?? "";
    assertMatch(boundary, /^[\w-]{20,70}$/);
    assertEquals(
      [headers.get("content-length"), headers.get("transfer-encoding")],
      [String(body.length), null],
    );
    return new TextDecoder().decode(body).replaceAll(boundary, "BOUNDARY");
  });
  assertEquals(texts[0], texts[1]);
  return texts[0] ?? "";
}

function formOf(...entries: [string, string | Blob, string?][]): FormData {
  const form = new FormData();
  for (const [name, value, filename] of entries) {
    if (typeof value === "string") form.append(name, value);
    else if (filename === undefined) form.append(name, value);
    else form.append(name, value, filename);
  }
  return form;
}

const field = (name: string, value: string): string =>
  `--BOUNDARY\r\nContent-Disposition: form-data; name="${name}"\r\n\r\n${value}\r\n`;

const file = (name: string, filename: string, type: string, value: string): string =>
  `--BOUNDARY\r\nContent-Disposition: form-data; name="${name}"; filename="${filename}"\r\nContent-Type: ${type}\r\n\r\n${value}\r\n`;

const END = "--BOUNDARY--\r\n";

/** By the HTML standard's "multipart/form-data encoding algorithm", and WPT's FormData tests. */
const ENCODED: Record<string, [form: unknown, expected: string]> = {
  "no entry": [formOf(), END],
  "fields, several of a name, empty ones": [
    formOf(["a", "1"], ["a", "2"], ["", ""]),
    field("a", "1") + field("a", "2") + field("", "") + END,
  ],
  "text beyond ASCII, and lone surrogates": [
    formOf(["ä", "€"], ["s", "a\ud800"]),
    field("ä", "€") + field("s", "a\ufffd") + END,
  ],
  "line ends of each kind in a value": [
    formOf(["a", "1\n2\r3\r\n4\n\r5"]),
    field("a", "1\r\n2\r\n3\r\n4\r\n\r\n5") + END,
  ],
  "line ends and quotes in a name": [
    formOf(['a\nb\rc\r\nd"e', "1"]),
    field("a%0D%0Ab%0D%0Ac%0D%0Ad%22e", "1") + END,
  ],
  "line ends and quotes in a file's name, as they are": [
    formOf(["f", new File(["x"], 'a\nb\rc\r\nd"e', { type: "text/x" })]),
    file("f", "a%0Ab%0Dc%0D%0Ad%22e", "text/x", "x") + END,
  ],
  "a file without a type": [
    formOf(["f", new File(["x"], "x.bin")]),
    file("f", "x.bin", "application/octet-stream", "x") + END,
  ],
  "a Blob, whose name is blob": [
    formOf(["f", new Blob(["x"], { type: "text/x" })]),
    file("f", "blob", "text/x", "x") + END,
  ],
  "a Blob with a name of its own": [
    formOf(["f", new Blob(["x"], { type: "text/x" }), "own"]),
    file("f", "own", "text/x", "x") + END,
  ],
  "an empty file between fields": [
    formOf(["a", "1"], ["f", new File([], "e", { type: "text/x" })], ["b", "2"]),
    field("a", "1") + file("f", "e", "text/x", "") + field("b", "2") + END,
  ],
  "line ends in a file, as they are": [
    formOf(["f", new File(["1\n2\r3"], "e", { type: "text/x" })]),
    file("f", "e", "text/x", "1\n2\r3") + END,
  ],
  "what another library calls a FormData, with its files": [
    {
      [Symbol.toStringTag]: "FormData",
      *[Symbol.iterator]() {
        yield ["a", "1\n"];
        yield ["f", { type: "text/x", size: 3, name: "n", stream: () => new Blob(["abc"]).stream() }];
        yield ["g", { type: "", size: 3, arrayBuffer: async () => utf8("def").buffer }];
      },
    },
    field("a", "1\r\n") +
      file("f", "n", "text/x", "abc") +
      file("g", "blob", "application/octet-stream", "def") +
      END,
  ],
};

describe("a form is encoded with", () => {
  for (const [name, [form, expected]] of Object.entries(ENCODED)) {
    it(name, async () => assertEquals(await sent(form), expected));
  }

  it("another boundary each time", async () => {
    await using at = serving();
    for (let time = 0; time < 2; time++)
      await at.pool.fetch(url, { method: "POST", body: formOf(["a", "1"]) });
    const [one, other] = at.requests.map(({ headers }) => headers.get("content-type"));
    assertNotEquals(one, other);
  });

  it("all short parts in one write with the head", async () => {
    let writes = 0;
    await using at = scripted((peer) => {
      peer.onData(() => {
        writes += 1;
        if (/--holdfast-\w+--\r\n$/.test(peer.receivedText))
          peer.send("HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n");
      });
    });
    const body = formOf(["a", "1"], ["f", new File(["x".repeat(16_384)], "x")], ["g", new File(["y"], "y")]);
    const { status } = await at.pool.request(url, { method: "POST", body });
    assertEquals([status, writes], [200, 1]);
  });

  it("the boundary of its Content-Type, when a function produces it again", async () => {
    await using at = scripted((peer) => {
      peer.onData(() => {
        const text = peer.receivedText;
        if (text.startsWith("GET ") && text.includes("POST ")) return peer.reset();
        if (text.startsWith("GET ")) return peer.send("HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n");
        if (/--holdfast-\w+--\r\n$/.test(text)) peer.send("HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n");
      });
    });
    await (await at.pool.request(url)).bytes();
    const body = () => formOf(["f", new File(["x"], "x")]);
    const response = await at.pool.request(url, { method: "POST", body, idempotent: true });
    assertEquals([response.status, response.resendCount], [200, 1]);
    const text = at.transport.peers[1]?.receivedText ?? "";
    const boundary = /boundary=(\S+)/.exec(text)?.[1] ?? "none";
    assertEquals(text.split(boundary).length, 4);
  });
});

describe("a form whose files have wrong sizes that add up to the right one", () => {
  it("fails with ERR_REQUEST_BODY", async () => {
    for (const [one, other] of [
      [2, 4],
      [4, 2],
    ]) {
      await using at = serving();
      const fileOf = (length = 0) => ({
        type: "",
        size: 3,
        stream: () => new Blob(["x".repeat(length)]).stream(),
      });
      const form = {
        [Symbol.toStringTag]: "FormData",
        *[Symbol.iterator]() {
          yield ["f", fileOf(one)];
          yield ["g", fileOf(other)];
        },
      };
      const body = form as unknown as FormData;
      const error = await failure(at.pool.request(url, { method: "PUT", body }));
      assertInstanceOf(error, HoldfastError);
      assertEquals([error.code, at.requests.length], ["ERR_REQUEST_BODY", 0]);
    }
  });
});

const INJECTED: Record<string, unknown> = {
  "type with a line end": { type: "t\r\nX-Inj: 1", size: 1, stream: () => new Blob(["x"]).stream() },
  "type that is none": { type: 5, size: 1, stream: () => new Blob(["x"]).stream() },
  "size that is text": { type: "", size: "3\r\nX-Inj: 1", stream: () => new Blob(["x"]).stream() },
  "size below nothing": { type: "", size: -1, stream: () => new Blob(["x"]).stream() },
  "size in halves": { type: "", size: 0.5, stream: () => new Blob(["x"]).stream() },
  "no way to be read": { type: "", size: 1 },
};

describe("a Blob of another library is refused, alone and in a form, for a", () => {
  for (const [name, blob] of Object.entries(INJECTED)) {
    it(name, async () => {
      await using at = serving();
      const alone = { [Symbol.toStringTag]: "Blob", ...(blob as object) };
      const form = {
        [Symbol.toStringTag]: "FormData",
        *[Symbol.iterator]() {
          yield ["f", blob];
        },
      };
      for (const body of [alone, form] as unknown as BodySource[]) {
        for (const send of [at.pool.fetch, at.pool.request]) {
          const error = await failure(send(url, { method: "PUT", body }));
          assertInstanceOf(error, TypeError);
          assert(error.message.includes("Blob") && !(error.cause instanceof HoldfastError), error.message);
        }
      }
      assertEquals(at.transport.attempts, 0);
    });
  }
});

/** A simulated Blob of 100 MB that counts the bytes that are read from it. */
function countedBlob(pieceSize: number) {
  const size = 100_000_000;
  const at = { asked: 0 };
  const blob = {
    [Symbol.toStringTag]: "Blob",
    type: "",
    size,
    name: "large",
    async *stream() {
      const piece = new Uint8Array(pieceSize);
      for (let left = size; left > 0; left -= pieceSize) {
        at.asked += 1;
        yield piece.subarray(0, Math.min(left, pieceSize));
      }
    },
  };
  return { blob, at };
}

describe("a large Blob is read at most one piece ahead of the peer", () => {
  const formWith = (blob: unknown) => ({
    [Symbol.toStringTag]: "FormData",
    *[Symbol.iterator]() {
      yield ["before", "1"];
      yield ["file", blob];
    },
  });
  const WRAPPED: Record<string, (blob: unknown) => unknown> = {
    alone: (blob) => blob,
    "in a form": formWith,
  };
  for (const [how, wrapped] of Object.entries(WRAPPED)) {
    it(how, async () => {
      const pieceSize = 50_000;
      await using at = scripted((peer) => peer.stopReading(), {}, { window: 60_000 });
      const { blob, at: counted } = countedBlob(pieceSize);
      const aborting = new AbortController();
      const body = wrapped(blob) as BodySource;
      const sending = failure(at.pool.fetch(url, { method: "PUT", body, signal: aborting.signal }));
      const [peer] = await settledPeers(at.transport);
      assertMatch(peer.receivedText, /^$/);
      assert(counted.asked <= 3, `${counted.asked} pieces were asked for though the peer reads nothing`);
      for (let step = 0; step < 20; step++) {
        peer.startReading();
        peer.stopReading();
        await settled();
        const taken = peer.received.length;
        assert(
          counted.asked * pieceSize <= taken + 4 * pieceSize,
          `${counted.asked} pieces, ${taken} bytes taken`,
        );
      }
      assert(peer.received.length > 10 * pieceSize, "it goes on");
      aborting.abort("enough");
      assertEquals(await sending, "enough");
    });
  }

  it("of the runtime, by slices", async () => {
    await using at = scripted((peer) => peer.stopReading(), {}, { window: 60_000 });
    let largest = 0;
    const { slice } = Blob.prototype;
    Blob.prototype.slice = function (this: Blob, start = 0, end = this.size, type?: string): Blob {
      largest = Math.max(largest, end - start);
      return slice.call(this, start, end, type);
    };
    try {
      const body = new Blob([new Uint8Array(3_000_000)]);
      const aborting = new AbortController();
      const sending = failure(at.pool.fetch(url, { method: "PUT", body, signal: aborting.signal }));
      await settledPeers(at.transport);
      aborting.abort("enough");
      assertEquals(await sending, "enough");
      assert(largest > 0 && largest <= 1_000_000, `a slice of ${largest} bytes`);
    } finally {
      Blob.prototype.slice = slice;
    }
  });
});

async function settledPeers<Peer>({ peers }: { readonly peers: readonly Peer[] }): Promise<readonly [Peer]> {
  for (let turn = 0; turn < 20; turn++) await settled();
  const [peer] = peers;
  assert(peer !== undefined);
  return [peer];
}
