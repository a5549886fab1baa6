/**
 * The `holdfast` command: says by which rules other systems keep their connections, and who gives an idle one up first.
 *
 * @example
 * ```sh
 * npx holdfast explain jdk --against httpd
 * deno run jsr:@holdfast/pool/cli explain jdk --against httpd
 * ```
 *
 * @module
 */

import process from "node:process";
import { parseArgs } from "node:util";
import { excerpt } from "../contract/excerpt.ts";
import { CLIENTS, SERVERS } from "./catalog.ts";
import { presetText } from "./preset-text.ts";
import { UsageError } from "./usage-error.ts";

export { UsageError };

const USAGE = `Usage: holdfast explain <preset> [--against <server preset>]

Prints the rules of a preset. With --against, says who gives up an idle connection first.

Client presets: ${Object.keys(CLIENTS).join(", ")}
Server presets: ${Object.keys(SERVERS).join(", ")}
`;

/** What the command printed, and its exit code: 0, or 2 when it was called wrongly. */
export interface CommandResult {
  readonly code: 0 | 2;
  readonly output: string;
  readonly error: string;
}

/** Runs the command with its arguments, and prints nothing. */
export function command(args: readonly string[]): CommandResult {
  try {
    return { code: 0, output: answer(args), error: "" };
  } catch (error) {
    if (!(error instanceof UsageError)) throw error;
    return { code: 2, output: "", error: `${error.message}\n\n${USAGE}` };
  }
}

function answer(args: readonly string[]): string {
  const { values, positionals } = parsed(args);
  const [verb, name, ...rest] = positionals;
  if (values.help === true) return USAGE;
  if (verb === undefined) throw new UsageError("No command given");
  if (verb !== "explain") throw new UsageError(`Unknown command "${excerpt(verb)}": the only one is explain`);
  if (name === undefined) throw new UsageError("No preset given");
  if (rest.length > 0)
    throw new UsageError(`One preset at a time: "${excerpt(String(rest[0]))}" is too much`);
  return presetText(name, values.against);
}

function parsed(args: readonly string[]) {
  try {
    return parseArgs({
      args: [...args],
      allowPositionals: true,
      options: { against: { type: "string" }, help: { type: "boolean", short: "h" } },
    });
  } catch (cause) {
    throw new UsageError(cause instanceof Error ? cause.message : String(cause), { cause });
  }
}

/** Runs the command with the arguments of this process, prints what it says, and sets the exit code. */
export function main(): void {
  const { code, output, error } = command(process.argv.slice(2));
  process.stdout.write(output);
  process.stderr.write(error);
  process.exitCode = code;
}

// Where a runtime tells the main module, this one can be run as it is: `deno run`, `bun run`.
if (import.meta.main) main();
