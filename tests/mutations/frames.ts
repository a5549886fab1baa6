/** HTTP/2 under fuzzing, with random windows, and what must be tolerated: `src/http2/`. */

import type { Mutation } from "./mutation.ts";

export const FRAMES: readonly Mutation[] = [
  {
    breaks: "What fits a content-length is passed on before the fault, however the frame is cut",
    file: "src/http2/response-reader.ts",
    search: "    if (stop > start) stream.listener",
    replacement: "    if (stop > start && stop === end) stream.listener",
    proof: { tests: "tests/fuzz/frames" },
  },
  {
    breaks:
      "A reader that leaves at its first bytes has its stream reset once, however much more came with them",
    file: "src/http2/response-reader.ts",
    search: "if (stop === end || stream.isOver) return undefined;",
    replacement: "if (stop === end) return undefined;",
    proof: { tests: "tests/fuzz/frames" },
  },
  {
    breaks: "A field block that is kept is a copy: the buffer that it came in is used again",
    file: "src/http2/response-reader.ts",
    search: "this.#lastBlock = bytes.slice(start, end)",
    replacement: "this.#lastBlock = bytes.subarray(start, end) as Uint8Array<ArrayBuffer>",
    proof: { tests: "tests/fuzz/frames" },
  },
  {
    breaks: "A frame header that comes in two packets is the same frame",
    file: "src/http2/frame-reader.ts",
    search: "most - this.#partial.length",
    replacement: "most",
    proof: { tests: "tests/fuzz/frames" },
  },
  {
    breaks: "A frame of an unknown type is ignored",
    file: "src/http2/incoming.ts",
    search: "    else if (type === FRAME.pushPromise)\n",
    replacement: "    else\n",
    proof: { tests: "tests/http2/tolerance" },
  },
  {
    breaks: "The reserved bit of a stream's number is ignored",
    file: "src/http2/frame-reader.ts",
    search: "header.id = uint31(bytes, at + 5)",
    replacement: "header.id = uint31(bytes, at + 5) + ((bytes[at + 5] as number) >> 7)",
    proof: { tests: "tests/http2/tolerance" },
  },
  {
    breaks: "A large buffer is used again only when the kernel has taken it",
    file: "src/http2/http2-wire.ts",
    search: "} else if (allWritten === true && this.#lent.length > 0) {",
    replacement: "} else if (this.#lent.length > 0) {",
    proof: { tests: "tests/fuzz/windows" },
  },
  {
    breaks: "An upload keeps to the window of the connection",
    file: "src/http2/uploads.ts",
    search: "const size = Math.min(left, stream.sendWindow, this.window, FRAME_BYTES);",
    replacement: "const size = Math.min(left, stream.sendWindow, FRAME_BYTES);",
    proof: { tests: "tests/fuzz/windows" },
  },
  {
    breaks: "A reader that goes on gives back what it took before",
    file: "src/http2/stream.ts",
    search: "    this.#isPaused = false;\n    this.#giveBack(false);",
    replacement: "    this.#isPaused = false;",
    proof: { tests: "tests/http2/windows" },
  },
  {
    breaks: "Uploads that wait for the window of the connection go on when it is opened",
    file: "src/http2/uploads.ts",
    search: "      this.#queue.push(...this.#stalled);\n",
    replacement: "",
    proof: { tests: "tests/fuzz/windows" },
  },
  {
    breaks: "A buffer that the output goes on with is spare no more",
    file: "src/http2/http2-wire.ts",
    search: "return this.#spare.pop() ??",
    replacement: "return this.#spare.at(-1) ??",
    proof: { tests: "tests/fuzz/windows" },
  },
  {
    breaks: "A stream that is open for long keeps its slot when the numbers have gone round",
    file: "src/http2/stream-table.ts",
    search:
      "    if (this.#slots[slot] === undefined) this.#slots[slot] = stream;\n    else this.#others.set(stream.id, stream);",
    replacement: "    this.#slots[slot] = stream;",
    proof: { tests: "tests/http2/stream-table" },
  },
  {
    breaks: "A socket rests only while much is to come",
    file: "src/http2/http2-wire.ts",
    search: "socket?.gather !== undefined && this.#session.awaitedBytes() >= GATHERED_BYTES",
    replacement: "socket?.gather !== undefined",
    proof: { tests: "tests/http2/writes" },
  },
  {
    breaks: "A read that has not emptied the socket is followed by the next one",
    file: "transports/bun-gathering.ts",
    search: "    if (length >= FULL_READ) return false;\n",
    replacement: "",
    proof: { tests: "tests/transports/bun-gathering" },
  },
  {
    breaks: "Many requests of one turn are written in parts",
    file: "src/http2/http2-wire.ts",
    search: "if (this.#requests < PART) return this.wrote();",
    replacement: "if (this.#requests > 0) return this.wrote();",
    proof: { tests: "tests/http2/writes" },
  },
];
