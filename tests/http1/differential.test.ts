/**
 * The response parser beside Node's own, over made-up and damaged responses: they agree, or their disagreement is one
 * of those listed with an RFC section in disagreements.ts.
 */

import { describe, it } from "node:test";
import { assert, assertEquals } from "@std/assert";
import { headFields, reasonOf } from "../../src/http1/fields.ts";
import { type Comparison, DISAGREEMENTS } from "./disagreements.ts";
import { generate, mutate, Random, type Sample } from "./generate.ts";
import { nodeReads } from "./node-parser.ts";
import { read } from "./transcript.ts";

const COUNT = Number(process.env.HOLDFAST_DIFFERENTIAL ?? 3000);

/** Deno and Bun have a `node:http` too, but not Node's parser. */
const skip = "Deno" in globalThis || "Bun" in globalThis ? "only Node has Node's parser" : false;

async function compare(sample: Sample): Promise<Comparison> {
  const { method, text } = sample;
  const ours = read(text, { method });
  // What lies behind a response is read by neither as part of it, and by Node as the next one: left out here.
  const alone = ours.complete && !ours.endedByClose ? { method, text: text.slice(0, ours.consumed) } : sample;
  return { sample: alone, ours, node: await nodeReads(alone) };
}

const failed = ({ ours, node }: Comparison): boolean => !ours.complete && !node.complete;

/** Whether both make the same of it. */
function agree(seen: Comparison): boolean {
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
    node.fields.map((field, index) => (index % 2 === 0 ? field.toLowerCase() : spelledOut(field))),
    node.body,
    node.interim,
    node.trailers.length / 2,
  ];
  return JSON.stringify(found) === JSON.stringify(theirs);
}

/** The coding is shown in these letters, whatever the peer's. */
function spelledOut(value: string): string {
  return value.toLowerCase() === "chunked" ? "chunked" : value;
}

function sampleOf(seed: number): Sample {
  const random = new Random(seed);
  const { method, text } = generate(random);
  return { method, text: random.chance(0.5) ? mutate(random, text, 2) : text };
}

/** Names of the classes a disagreement falls into, or what is left unexplained. */
async function explain(sample: Sample): Promise<{ names: string[]; unexplained: Comparison | undefined }> {
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

describe("Node's parser", { skip }, () => {
  for (const { name, section, why, example, notAlways, applies } of DISAGREEMENTS) {
    it(`reads otherwise (${section}): ${name}. ${why}`, async () => {
      const comparison = await compare(example);
      if (notAlways && agree(comparison)) return;
      assertEquals([agree(comparison), applies(comparison)], [false, true]);
      assertEquals(await explain(example), { names: [name], unexplained: undefined });
    });
  }

  it(`reads ${COUNT} responses as ours does, but for what is listed`, async () => {
    let agreed = 0;
    for (let seed = 0; seed < COUNT; seed++) {
      const { names, unexplained } = await explain(sampleOf(seed));
      assert(
        unexplained === undefined,
        `Seed ${seed}, ${names}: ${JSON.stringify(unexplained, undefined, 2)}`,
      );
      if (names.length === 0) agreed += 1;
    }
    assert(agreed > COUNT / 2, `Only ${agreed} of ${COUNT} are read alike: the comparison is not worth much`);
  });
});
