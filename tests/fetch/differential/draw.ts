/** Draw: from a seed to one call of `fetch`, what its servers answer, and how the response is read. All of it is plain data. */

import { Prng } from "../../support/prng.ts";
import { type Answer, drawAnswers, stallingAnswer } from "./draw-answers.ts";
import { type Call, drawCall } from "./draw-call.ts";

/** How the body of a response is read. */
export type Reading = (typeof READINGS)[number];

export interface Draw {
  readonly seed: number;
  readonly call: Call;
  /** The nth request gets the nth answer, and every later one the last. */
  readonly answers: readonly Answer[];
  readonly reading: Reading;
}

const READINGS = [
  "text",
  "json",
  "arrayBuffer",
  "blob",
  "formData",
  "clone",
  "stream",
  "twice",
  "cancel",
] as const;

export function draw(seed: number): Draw {
  const prng = new Prng(seed);
  const call = drawCall(prng);
  const answers = drawAnswers(prng);
  const reading = prng.among(...READINGS);
  if (call.signal !== "aborted while the body is read") return { seed, call, answers, reading };
  // What has arrived before the abort must not depend on time: there is one answer, whose body never ends.
  return {
    seed,
    call,
    answers: [stallingAnswer(prng)],
    reading: prng.among("text", "arrayBuffer", "stream"),
  };
}
