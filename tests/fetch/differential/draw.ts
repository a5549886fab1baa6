/** Draw: from a seed to one call of `fetch`, what its servers answer, and how the response is read. All of it is plain data. */

import { Prng } from "../../support/prng.ts";
import { type Answer, drawAnswers, drawRedirects, stallingAnswer } from "./draw-answers.ts";
import { type Call, drawCall, drawSentOn } from "./draw-call.ts";

/** What is drawn: anything, most of which is refused early, or calls that get as far as their redirects lead. */
export const SUBJECTS = ["anything", "redirects"] as const;

export type Subject = (typeof SUBJECTS)[number];

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

export function draw(seed: number, subject: Subject = "anything"): Draw {
  const prng = new Prng(seed);
  if (subject === "redirects")
    return { seed, call: drawSentOn(prng), answers: drawRedirects(prng), reading: "text" };
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
