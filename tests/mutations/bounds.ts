/** Bounds: what a peer may cost, and what errors show of what it wrote. */

import type { Mutation } from "./mutation.ts";

export const BOUNDS: readonly Mutation[] = [
  {
    breaks: "Blanks are taken off in linear time",
    file: "src/rules/optional-whitespace.ts",
    search: "  return text.slice(start, end);\n",
    replacement: '  return text.replace(/^[ \\t]+|[ \\t]+$/g, "");\n',
    proof: { tests: "tests/bounds/linear" },
  },
  {
    breaks: "A head that comes in pieces is read once",
    file: "src/http1/parse/response-parser.ts",
    search: "this.#heads.read(held, 0, this.#pending.length, true)",
    replacement: "this.#heads.read(held, 0, this.#pending.length)",
    proof: { tests: "tests/bounds/linear" },
  },
  {
    breaks: "A body that decodes to much is not decoded before it is read",
    file: "src/fetch/decode.ts",
    search: "const MAX_UNREAD = 262_144;",
    replacement: "const MAX_UNREAD = 2 ** 30;",
    proof: { tests: "tests/bounds/decoders" },
  },
  {
    breaks: "What follows the end of coded data ends its source",
    file: "transports/decoder-stream.ts",
    search: "if (!this.#closing) this.#input?.error",
    replacement: "if (this.#closing) this.#input?.error",
    proof: { tests: "tests/bounds/decoders" },
  },
  {
    breaks: "A body that grows above bodyBytes is given up",
    file: "src/exchange/response-body.ts",
    search: "this.#gathered.size > this.limit",
    replacement: "this.#gathered.size > 2 * this.limit",
    proof: { tests: "tests/bounds/body-bytes" },
  },
  {
    breaks: "A proxy's reason shows none of the credentials that it was given",
    file: "src/contract/secrets.ts",
    search: "return holdsSecret(reason, authorization) ?",
    replacement: "return authorization === reason ?",
    proof: { tests: "tests/proxy/secrets" },
  },
];
