/** Command line: reads those of a command, and names the option that was probably meant. */

import { type ParseArgsConfig, parseArgs } from "node:util";
import { nearest } from "../contract/nearest.ts";
import { UsageError } from "./usage-error.ts";

type Options = NonNullable<ParseArgsConfig["options"]>;

type Parsed<T extends Options> = ReturnType<typeof parseArgs<{ options: T; allowPositionals: true }>>;

/** The options and the other arguments. @throws {UsageError} for an unknown option, or one without its value. */
export function parsed<T extends Options>(args: readonly string[], options: T): Parsed<T> {
  try {
    return parseArgs({ args: [...args], allowPositionals: true, options });
  } catch (cause) {
    const message = cause instanceof Error ? cause.message : String(cause);
    const given = /^Unknown option '(-[^']*)'/.exec(message)?.[1];
    if (given === undefined) throw new UsageError(message, { cause });
    const known = Object.keys(options).map((name) => `--${name}`);
    const meant = nearest(given.split("=")[0] ?? "", known);
    const hint = meant === undefined ? "" : `. Did you mean ${meant}?`;
    throw new UsageError(`Unknown option ${given}: known are ${known.join(", ")}${hint}`, { cause });
  }
}
