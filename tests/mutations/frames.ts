/** HTTP/2 under fuzzing: `src/http2/`. */

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
];
