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
  {
    breaks: "A decoder refuses padding that is longer than 7 bits",
    file: "src/http2/hpack/huffman.ts",
    search: "from !== 0 || ",
    replacement: "",
    proof: { tests: "tests/http2/hpack" },
  },
  {
    breaks: "A decoder refuses padding that is not the beginning of EOS",
    file: "src/http2/hpack/huffman.ts",
    search: " || (pending & ones) !== ones",
    replacement: "",
    proof: { tests: "tests/http2/hpack" },
  },
  {
    breaks: "A decoder refuses EOS in a string",
    file: "src/http2/hpack/huffman.ts",
    search:
      '      if ((step & SYMBOL) === EOS) throw new HpackError("The end-of-string symbol occurs in a string");\n',
    replacement: "",
    proof: { tests: "tests/http2/hpack" },
  },
  {
    breaks: "A decoder refuses an index that is beyond its table",
    file: "src/http2/hpack/hpack-decoder.ts",
    search: "if (serial < this.#table.oldest) throw",
    replacement: "if (false) throw",
    proof: { tests: "tests/http2/hpack" },
  },
  {
    breaks: "A decoder refuses a table larger than what was announced",
    file: "src/http2/hpack/hpack-decoder.ts",
    search: "if (size > this.#limit) {",
    replacement: "if (size > this.#limit && size > 1e6) {",
    proof: { tests: "tests/http2/hpack" },
  },
  {
    breaks: "A decoder refuses an integer of 2^31 and more",
    file: "src/http2/hpack/hpack-decoder.ts",
    search: "byte < 0x80 && value <= LARGEST",
    replacement: "byte < 0x80",
    proof: { tests: "tests/http2/hpack" },
  },
  {
    breaks: "A decoder reads no string beyond the end of its block",
    file: "src/http2/hpack/hpack-decoder.ts",
    search: "if (length > this.#end - start) throw",
    replacement: "if (length > this.#bytes.length - start) throw",
    proof: { tests: "tests/http2/hpack" },
  },
  {
    breaks: "A decoder asks for the size update that is due",
    file: "src/http2/hpack/hpack-decoder.ts",
    search: "if (size < this.#table.maxSize) this.#mustUpdate = true;",
    replacement: "",
    proof: { tests: "tests/http2/hpack" },
  },
  {
    breaks: "A name in capital letters gives no line, also when it comes from the table",
    file: "src/http2/hpack/hpack-decoder.ts",
    search: '    if (this.#table.line(serial) === "") this.#wellFormed = isName(name);\n',
    replacement: "",
    proof: { tests: "tests/http2/hpack" },
  },
  {
    breaks: "An entry larger than the table empties it",
    file: "src/http2/hpack/dynamic-table.ts",
    search: "    if (size > this.maxSize) return;\n",
    replacement: "    if (size > this.maxSize) { this.oldest = this.next - 1; return; }\n",
    proof: { tests: "tests/http2/hpack" },
  },
  {
    breaks: "A table drops its oldest entry as soon as its size asks for it",
    file: "src/http2/hpack/dynamic-table.ts",
    search: "while (this.size + more > this.maxSize &&",
    replacement: "while (this.size + more > this.maxSize + 1 &&",
    proof: { tests: "tests/http2/hpack" },
  },
  {
    breaks: "An insertion changes the version of a table",
    file: "src/http2/hpack/dynamic-table.ts",
    search: "    this.version++;\n    if (size > this.maxSize)",
    replacement: "    if (size > this.maxSize)",
    proof: { tests: "tests/http2/hpack" },
  },
  {
    breaks: "An encoder says the smallest size between two blocks, too",
    file: "src/http2/hpack/hpack-encoder.ts",
    search: "if (this.#smallest < this.#size) this.#resize(this.#smallest);",
    replacement: "",
    proof: { tests: "tests/http2/hpack" },
  },
  {
    breaks: "An encoder forgets what its table drops",
    file: "src/http2/hpack/hpack-encoder.ts",
    search: "if (entry?.newest === serial) this.#entries.delete(name);",
    replacement: "",
    proof: { tests: "tests/http2/hpack" },
  },
  {
    breaks: "A field that may not be indexed is written so, though the table knows it",
    file: "src/http2/hpack/hpack-encoder.ts",
    search: 'how === "never" ? undefined : this.#indexOf(name, value)',
    replacement: "this.#indexOf(name, value)",
    proof: { tests: "tests/http2/hpack" },
  },
];
