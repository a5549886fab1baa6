/** Differential: reads a response with our parser and with Node's, and compares the results. */

import { headFields, reasonOf } from "../../src/http1/parse/fields.ts";
import { type Comparison, DISAGREEMENTS } from "./disagreements.ts";
import { generate, mutate, Random, type Sample } from "./generate.ts";
import { nodeReads } from "./node-parser.ts";
import { read } from "./transcript.ts";

/** Deno and Bun have a `node:http` too, but not Node's parser. */
export const withoutNodesParser: string | false =
  "Deno" in globalThis || "Bun" in globalThis ? "only Node has Node's parser" : false;

/** Reads a response with both parsers. */
export async function compare(sample: Sample): Promise<Comparison> {
  const { method, text } = sample;
  const ours = read(text, { method });
  // Bytes after the response belong to neither result, and Node would read them as the next response.
  const alone = ours.complete && !ours.endedByClose ? { method, text: text.slice(0, ours.consumed) } : sample;
  return { sample: alone, ours, node: await nodeReads(alone) };
}

const failed = ({ ours, node }: Comparison): boolean => !ours.complete && !node.complete;

/** Whether both results are the same. */
export function agree(seen: Comparison): boolean {
  const { ours, node } = seen;
  if (failed(seen)) return true;
  if (ours.complete !== node.complete || node.error !== undefined) return false;
  return sameMessage(seen) && (ours.reason === undefined) === node.reused;
}

function sameMessage({ ours, node }: Comparison): boolean {
  const head = JSON.parse(ours.heads.at(-1) ?? "{}");
  const fields = [...headFields(head.text)].flat();
  const trailers = ours.trailers.split("\r\n").filter((line) => line !== "");
  const found = [head.status, reasonOf(head.text), fields, ours.body, ours.heads.length - 1, trailers.length];
  const theirs = [
    node.status,
    node.reason,
    node.fields.map((field, index) =>
      index % 2 === 0 ? field.toLowerCase() : spelledOut(node.fields[index - 1], field),
    ),
    node.body,
    node.interim,
    node.trailers.length / 2,
  ];
  return JSON.stringify(found) === JSON.stringify(theirs);
}

/** The coding is shown in these letters, whatever the peer's. */
function spelledOut(name: string | undefined, value: string): string {
  const coding = name?.toLowerCase() === "transfer-encoding" && value.toLowerCase() === "chunked";
  return coding ? "chunked" : value;
}

/** The response of a seed. */
export function sampleOf(seed: number): Sample {
  const random = new Random(seed);
  const { method, text } = generate(random);
  return { method, text: random.chance(0.5) ? mutate(random, text, 2) : text };
}

/** What became of a disagreement. */
export interface Explanation {
  readonly names: string[];
  readonly unexplained: Comparison | undefined;
}

/** Names of the classes a disagreement falls into, or what is left unexplained. */
export async function explain(sample: Sample): Promise<Explanation> {
  const names: string[] = [];
  let comparison = await compare(sample);
  while (!agree(comparison)) {
    const { ours, node } = comparison;
    const differs = ours.complete && node.complete && node.error === undefined && !sameMessage(comparison);
    const listed = DISAGREEMENTS.find(({ applies }) => applies(comparison));
    if (listed === undefined || (differs && listed.repair === undefined))
      return { names, unexplained: comparison };
    names.push(listed.name);
    const { text } = comparison.sample;
    const repaired = listed.repair?.(text);
    if (repaired === undefined) break;
    if (repaired === text) return { names, unexplained: comparison };
    comparison = await compare({ ...sample, text: repaired });
  }
  return { names, unexplained: undefined };
}
