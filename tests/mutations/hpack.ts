/** HPACK: `src/http2/hpack/`. */

import type { Mutation } from "./mutation.ts";

export const HPACK: readonly Mutation[] = [
  {
    breaks: "An encoder counts the index of a table entry from the newest",
    file: "src/http2/hpack/hpack-encoder.ts",
    search: "return STATIC_COUNT + this.#table.next - serial;",
    replacement: "return STATIC_COUNT + 1 + serial - this.#table.oldest;",
    proof: { tests: "tests/http2/hpack" },
  },
];
