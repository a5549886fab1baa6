/**
 * The `holdfast` command: prints the rules by which other systems keep their connections, and compares a client with a
 * server: which of the two closes an idle connection first. It knows load balancers, too.
 *
 * @example
 * ```sh
 * npx holdfast explain jdk --against httpd
 * deno run jsr:@holdfast/pool/cli explain jdk --against httpd
 * npx holdfast explain https://api.example.com --config ./holdfast.config.js
 * ```
 *
 * @module
 */

import process from "node:process";
import { parseArgs } from "node:util";
import { excerpt } from "../contract/excerpt.ts";
import { BALANCER_NAMES } from "../presets/balancers.ts";
import { CONFIG_VARIABLE, type Variables } from "../register/variables.ts";
import { CLIENTS, SERVERS } from "./catalog.ts";
import { asksForOrigin, ORIGIN_USAGE, originCommand } from "./origin-command.ts";
import { presetText } from "./preset-text.ts";
import { PROBE_USAGE, type ProbeResult, type ProbeSurroundings, probeCommand } from "./probe-command.ts";
import { UsageError } from "./usage-error.ts";

export { UsageError };

const USAGE = `Usage: holdfast explain <preset or load balancer> [--against <server preset>]
${ORIGIN_USAGE}
       holdfast probe <URL> [options]                  (see holdfast probe --help)

Prints the rules of a preset, or of a load balancer in front of a server. With --against, says which side closes an idle
connection first. With an origin, prints the rules that the options of a program give it, from ${CONFIG_VARIABLE} and variables.

Client presets: ${Object.keys(CLIENTS).join(", ")}
Server presets: ${Object.keys(SERVERS).join(", ")}
Load balancers: ${BALANCER_NAMES.join(", ")}
`;

/** The result of the command. */
export interface CommandResult {
  /** The exit code: 0, or 2 for a usage error. */
  readonly code: 0 | 2;
  /** What goes to standard output. */
  readonly output: string;
  /** What goes to standard error. */
  readonly error: string;
}

/** Runs the command with the given arguments. Prints nothing: it returns what would be printed. */
export function command(args: readonly string[]): CommandResult {
  try {
    return { code: 0, output: run(args), error: "" };
  } catch (error) {
    if (!(error instanceof UsageError)) throw error;
    return { code: 2, output: "", error: `${error.message}\n\n${USAGE}` };
  }
}

function run(args: readonly string[]): string {
  const { values, positionals } = parseArguments(args);
  const [verb, name, ...rest] = positionals;
  if (values.help === true) return USAGE;
  if (verb === undefined) throw new UsageError("No command given");
  if (verb !== "explain")
    throw new UsageError(`Unknown command "${excerpt(verb)}": known are explain and probe`);
  if (name === undefined) throw new UsageError("No preset given");
  if (rest.length > 0)
    throw new UsageError(`One preset at a time: "${excerpt(String(rest[0]))}" is too much`);
  return presetText(name, values.against);
}

function parseArguments(args: readonly string[]) {
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

/** Runs the command with the arguments of this process, prints the result, and sets the exit code. */
export function main(): void {
  const [verb, ...args] = process.argv.slice(2);
  if (verb === "probe") void runProbe(args);
  else if (verb === "explain" && asksForOrigin(args)) void explainOrigin(args, process.env).then(print);
  else print(command(process.argv.slice(2)));
}

/** Runs `explain <origin>`. Prints nothing, like {@linkcode command}. */
export async function explainOrigin(args: readonly string[], env: Variables): Promise<CommandResult> {
  try {
    return { code: 0, output: await originCommand(args, env), error: "" };
  } catch (error) {
    if (!(error instanceof UsageError)) throw error;
    return { code: 2, output: "", error: `${error.message}\n` };
  }
}

function print({ code, output, error }: CommandResult | ProbeResult): void {
  process.stdout.write(output);
  process.stderr.write(error);
  process.exitCode = code;
}

/** Loaded only here: the other commands open no socket. */
async function runProbe(args: readonly string[]): Promise<void> {
  if (args.includes("--help") || args.includes("-h")) {
    process.stdout.write(PROBE_USAGE);
    return;
  }
  const { detectTransport } = await import("../../transports/detect.ts");
  const { readFile } = await import("node:fs/promises");
  const { openRelay } = await import("./tls-relay.ts");
  const abort = new AbortController();
  // A second Ctrl-C ends the process as usual.
  process.once("SIGINT", () => abort.abort());
  const around: ProbeSurroundings = {
    transport: await detectTransport(),
    readFile: (path) => readFile(path, "utf8"),
    relay: openRelay,
    signal: abort.signal,
    ...(process.stderr.isTTY ? { progress: showProgress } : {}),
  };
  const result = await probeCommand(args, around);
  if (process.stderr.isTTY) process.stderr.write(CLEAR_LINE);
  print(result);
}

/** To the start of the line, and erase it. */
const CLEAR_LINE = "\r\u001b[K";

function showProgress(line: string): void {
  process.stderr.write(CLEAR_LINE + line.slice(0, (process.stderr.columns ?? 80) - 1));
}

// For `deno run` and `bun run`. npm starts bin.ts, because Node has `import.meta.main` only since 24.2.
if (import.meta.main) main();
