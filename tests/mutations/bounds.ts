/** Bounds: what a peer may cost the client, and which secrets error messages must not show. */

import type { Mutation } from "./mutation.ts";

export const BOUNDS: readonly Mutation[] = [
  {
    breaks: "Whitespace around a field value is trimmed in linear time",
    file: "src/rules/optional-whitespace.ts",
    search: "  return text.slice(start, end);\n",
    replacement: '  return text.replace(/^[ \\t]+|[ \\t]+$/g, "");\n',
    proof: { tests: "tests/bounds/linear" },
  },
  {
    breaks: "Each byte of a head that arrives in pieces is parsed once",
    file: "src/http1/parse/response-parser.ts",
    search: "this.#heads.read(partial, 0, this.#partial.length, true)",
    replacement: "this.#heads.read(partial, 0, this.#partial.length)",
    proof: { tests: "tests/bounds/linear" },
  },
  {
    breaks: "A coded body that expands a lot is not decoded before the caller reads it",
    file: "src/fetch/decode.ts",
    search: "const MAX_UNREAD = 262_144;",
    replacement: "const MAX_UNREAD = 2 ** 30;",
    proof: { tests: "tests/bounds/decoders" },
  },
  {
    breaks: "Bytes after the end of coded data end the stream that they come from",
    file: "transports/decoder-stream.ts",
    search: "if (!this.#closing) this.#input?.error",
    replacement: "if (this.#closing) this.#input?.error",
    proof: { tests: "tests/bounds/decoders" },
  },
  {
    breaks: "A body that grows beyond bodyBytes fails its request",
    file: "src/exchange/response-body.ts",
    search: "this.#buffer.size > this.limit",
    replacement: "this.#buffer.size > 2 * this.limit",
    proof: { tests: "tests/bounds/body-bytes" },
  },
  {
    breaks: "The reason phrase of a proxy that repeats its credentials is not shown",
    file: "src/contract/secrets.ts",
    search: "return holdsSecret(reason, authorization) ?",
    replacement: "return authorization === reason ?",
    proof: { tests: "tests/proxy/secrets" },
  },
];
