/**
 * Assigned functions: functions that are written where they are assigned to a property, `body.onSpent = () => …`. V8 makes them in the
 * old generation. There each allocation looks whether it is time for a full collection, and what such a function refers to stays until
 * one. So what is done for each request names the function first, or has it made elsewhere.
 */

import type { SourceFile } from "./sources.ts";

const FUNCTION = String.raw`(?:async )?(?:\([^()]*\)(?:: [^=]+)? =>|\w+ =>|function\b)`;
const ASSIGNED = new RegExp(String.raw`[\w\])]\.(#?\w+) (?:\?\?|\|\|)?=\s+${FUNCTION}`, "g");

/** The file and the property of each, in the order of the files. */
export function assignedFunctions(files: readonly SourceFile[]): string[] {
  const found = files.flatMap(({ path, code }) =>
    [...code.matchAll(ASSIGNED)].map(([, property = ""]) => `${path} ${property}`),
  );
  return [...new Set(found)];
}
