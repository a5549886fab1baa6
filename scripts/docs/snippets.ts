/** Snippets: the code that documents show, as modules that can be compiled and run. */

import { readFileSync } from "node:fs";
import { root } from "../entries.ts";

/** One fenced block of TypeScript. */
export interface Snippet {
  /** The document, from the root. */
  readonly document: string;
  /** The line of its fence. */
  readonly line: number;
  readonly code: string;
  /** It is run as well: `<!-- runs -->` stands before it. */
  readonly runs: boolean;
  /** What it must print: the block of `text` right behind it. */
  readonly prints: string | undefined;
}

const FENCE = /^(<!-- runs -->\n)?```ts\n([\s\S]*?)^```\n(?:\n```text\n([\s\S]*?)^```\n)?/gm;

/** The snippets of a document. */
export function snippetsOf(
  document: string,
  text: string = readFileSync(root + document, "utf8"),
): Snippet[] {
  return [...text.matchAll(FENCE)].map(({ index, 1: mark, 2: code = "", 3: prints }) => ({
    document,
    line: text.slice(0, index).split("\n").length + (mark === undefined ? 0 : 1),
    code,
    runs: mark !== undefined,
    prints: mark === undefined ? undefined : prints,
  }));
}

/** A file name that leads back to the document. */
export function fileNameOf({ document, line }: Snippet): string {
  return `${document.replace(/\.md$/, "").replaceAll("/", "-")}-${line}.ts`;
}
