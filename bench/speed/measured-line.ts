/** Measured line: the sentence below a table that says when, how and on what its figures were measured. */

import type { Origins, Part } from "./results.ts";

/** When and how, in one sentence if it was the same for all. */
export function measuredLine(parts: readonly Part[]): string {
  const groups = new Map<string, string[]>();
  for (const { runtime, measured } of parts) {
    const how = howOf(measured);
    groups.set(how, [...(groups.get(how) ?? []), runtime]);
  }
  const several = groups.size > 1;
  const sentences = [...groups].map(
    ([how, names]) => `${several ? `${names.join(", ")}: measured` : "Measured"} ${how}.`,
  );
  return sentences.join(" ");
}

function howOf({ date, rounds, seconds, processor }: Origins): string {
  const how = seconds === 0 ? "" : `, ${rounds} ${rounds === 1 ? "round" : "rounds"} of ${seconds} s`;
  return `${date} on ${processor}${how}`;
}
