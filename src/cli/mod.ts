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
import { excerpt } from "../contract/excerpt.ts";
import { nearest } from "../contract/nearest.ts";
import { BALANCER_NAMES } from "../presets/balancers.ts";
import { CONFIG_VARIABLE, type Variables } from "../register/variables.ts";
import { CLIENTS, SERVERS } from "./catalog.ts";
import { takesColours, withFault, withTitle } from "./colours.ts";
import { parsed } from "./command-line.ts";
import { asksForOrigin, ORIGIN_USAGE, originCommand } from "./origin-command.ts";
import { presetText } from "./preset-text.ts";
import { PROBE_USAGE, type ProbeResult, type ProbeSurroundings, probeCommand } from "./probe-command.ts";
import { UsageError } from "./usage-error.ts";
import { VERSION } from "./version.ts";

export { UsageError, type Variables };

const USAGE = `Usage: holdfast explain <preset, load balancer or origin>   what rules it has
       holdfast probe <URL>                                what rules a server has, measured
       holdfast <command> --help
       holdfast --version

Documentation: docs/ of the package, and README.md.
`;

const EXPLAIN_USAGE = `Usage: holdfast explain <preset or load balancer> [--against <server preset>]
${ORIGIN_USAGE}

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
    const usage = args[0] === "explain" ? EXPLAIN_USAGE : USAGE;
    return { code: 2, output: "", error: `${error.message}\n\n${usage}` };
  }
}

const COMMANDS = ["explain", "probe"];

function run(args: readonly string[]): string {
  const { values, positionals } = parseArguments(args);
  const [verb, name, ...rest] = positionals;
  if (values.version === true) return `${VERSION}\n`;
  if (values.help === true) return verb === "explain" ? EXPLAIN_USAGE : USAGE;
  if (verb === undefined) throw new UsageError("No command given");
  if (verb !== "explain") {
    const meant = nearest(verb, COMMANDS);
    const hint = meant === undefined ? "" : `. Did you mean ${meant}?`;
    throw new UsageError(`Unknown command "${excerpt(verb)}": known are ${COMMANDS.join(" and ")}${hint}`);
  }
  if (name === undefined) throw new UsageError("No preset given");
  if (rest.length > 0)
    throw new UsageError(`One preset at a time: "${excerpt(String(rest[0]))}" is too much`);
  return presetText(name, values.against);
}

const OPTIONS = {
  against: { type: "string" },
  help: { type: "boolean", short: "h" },
  version: { type: "boolean", short: "v" },
} as const;

function parseArguments(args: readonly string[]) {
  return parsed(args, OPTIONS);
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
  process.stdout.write(takesColours(process.stdout, process.env) ? withTitle(output) : output);
  process.stderr.write(takesColours(process.stderr, process.env) ? withFault(error) : error);
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
