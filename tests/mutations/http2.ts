/** The session of HTTP/2: `src/http2/` without HPACK. */

import type { Mutation } from "./mutation.ts";

export const HTTP2: readonly Mutation[] = [
  {
    breaks: "A peer's frames are bounded by what we allow",
    file: "src/http2/frame-reader.ts",
    search: "if (header.size <= INITIAL_FRAME_SIZE) return header;",
    replacement: "if (header.size >= 0) return header;",
    proof: { tests: "tests/http2/faults.test.ts" },
  },
  {
    breaks: "A stream above the last of a GOAWAY was not processed, and one below may have been",
    file: "src/http2/session.ts",
    search: ".filter(({ id }) => id > lastId)",
    replacement: ".filter(({ id }) => id >= lastId)",
    proof: { tests: "tests/http2/session.test.ts" },
  },
  {
    breaks: "A refusal is no response, after which a request would not be sent again",
    file: "src/http2/session.ts",
    search: "if (code !== CODE.refusedStream || stream.hasHead) {\n      stream.responded = true;",
    replacement: "stream.responded = true;\n    if (code !== CODE.refusedStream || stream.hasHead) {",
    proof: { tests: "tests/http2/faults.test.ts" },
  },
  {
    breaks: "The pool is told before the listeners, whose resends must go elsewhere",
    file: "src/http2/http2-wire.ts",
    search: "if (session.streams > 0) this.#connection?.retire(reason);",
    replacement: "",
    proof: { tests: "tests/http2/session.test.ts" },
  },
  {
    breaks: "A stream that is left is reset",
    file: "src/http2/session.ts",
    search: "writeNumber(this.out, FRAME.rstStream, stream.id, code);",
    replacement: "",
    proof: { tests: "tests/http2/session.test.ts" },
  },
  {
    breaks: "A body is sent no further than the window of its stream",
    file: "src/http2/uploads.ts",
    search: "const size = Math.min(left, stream.sendWindow, this.window, FRAME_BYTES);",
    replacement: "const size = Math.min(left, this.window, FRAME_BYTES);",
    proof: { tests: "tests/http2/windows.test.ts" },
  },
  {
    breaks: "A body is sent no further than the window of the connection",
    file: "src/http2/uploads.ts",
    search: "const size = Math.min(left, stream.sendWindow, this.window, FRAME_BYTES);",
    replacement: "const size = Math.min(left, stream.sendWindow, FRAME_BYTES);",
    proof: { tests: "tests/http2/windows.test.ts" },
  },
  {
    breaks: "A setting changes the windows of open streams by the difference",
    file: "src/http2/session.ts",
    search: "const difference = size - this.#uploads.streamWindow;",
    replacement: "const difference = 0;",
    proof: { tests: "tests/http2/windows.test.ts" },
  },
  {
    breaks: "A reader that sleeps gives nothing back",
    file: "src/http2/stream.ts",
    search: "if (!this.#isPaused) this.#giveBack(true);",
    replacement: "this.#giveBack(true);",
    proof: { tests: "tests/http2/windows.test.ts" },
  },
  {
    breaks: "Padding counts in the windows",
    file: "src/http2/incoming.ts",
    search: "stream.took(this.#dataSize);",
    replacement: "stream.took(1);",
    proof: { tests: "tests/http2/windows.test.ts" },
  },
  {
    breaks: "A response is as long as its content-length",
    file: "src/http2/response-reader.ts",
    search: "if (remaining === undefined || remaining === 0) return undefined;",
    replacement: "if (remaining !== 1) return undefined;",
    proof: { tests: "tests/http2/faults.test.ts" },
  },
  {
    breaks: "A block is taken for the last one again only while the table is the same",
    file: "src/http2/response-reader.ts",
    search: "this.#lastVersion === version &&",
    replacement: "",
    proof: { tests: "tests/http2/session.test.ts" },
  },
  {
    breaks: "The head of a request is copied only while the table is the same",
    file: "src/http2/request-block.ts",
    search:
      "if (by === undefined && this.#version === version && isSame(request, this.#parts)) return this.#block;",
    replacement: "if (by === undefined && isSame(request, this.#parts)) return this.#block;",
    proof: { tests: "tests/http2/session.test.ts" },
  },
  {
    breaks: "Frames that bring nothing are counted",
    file: "src/http2/incoming.ts",
    search: "this.#budget -= cost;",
    replacement: "this.#budget -= 0 * cost;",
    proof: { tests: "tests/http2/floods.test.ts" },
  },
  {
    breaks: "The bytes of a block are bounded before it is decoded",
    file: "src/http2/field-blocks.ts",
    search: "if (this.#bytes.length + end - start > this.#mostBytes) {",
    replacement: "if (this.#bytes.length < 0) {",
    proof: { tests: "tests/http2/floods.test.ts" },
  },
  {
    breaks: "The requests of one turn go out in one write",
    file: "src/http2/http2-wire.ts",
    search: "if (length !== this.#lengthBefore && this.#rounds < ROUNDS) {",
    replacement: "if (this.#rounds < 0) {",
    proof: { tests: "tests/http2/session.test.ts" },
  },
];
