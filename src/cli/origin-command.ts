/**
 * Origin command: `holdfast explain <origin>`: the rules that a program's options give an origin, each with where it is from. The
 * options are read as the preload reads them: from the config module and from variables.
 */

import { parseArgs } from "node:util";
import { originOf } from "../contract/origin.ts";
import type { PoolOptions } from "../options/options.ts";
import { resolveOptions, settingsFor } from "../options/resolve.ts";
import { configuredRules } from "../pool/configured-rules.ts";
import { configOptions } from "../register/config-module.ts";
import { CONFIG_VARIABLE, type Variables, withVariables } from "../register/variables.ts";
import { columns } from "./columns.ts";
import { UsageError } from "./usage-error.ts";

/** What follows `--help`. */
export const ORIGIN_USAGE =
  "       holdfast explain <origin> [--config <module>]   (such as https://api.example.com)";

/** Whether arguments of `explain` ask for an origin. No preset has a name with slashes. */
export function asksForOrigin(args: readonly string[]): boolean {
  return args.some((argument) => /^[a-z]+:\/\//i.test(argument));
}

/** What is printed. @throws {UsageError} for wrong arguments, and for options that no pool would take. */
export async function originCommand(args: readonly string[], env: Variables): Promise<string> {
  try {
    const { values, positionals } = parseArgs({
      args: [...args],
      allowPositionals: true,
      options: { config: { type: "string" } },
    });
    const [url = "", ...rest] = positionals;
    if (rest.length > 0) throw new TypeError("One origin at a time");
    const path = values.config ?? env[CONFIG_VARIABLE];
    const ofModule = path === undefined || path === "" ? {} : await configOptions(path);
    return originText(url, withVariables(ofModule, env));
  } catch (cause) {
    throw new UsageError(cause instanceof Error ? cause.message : String(cause), { cause });
  }
}

/** The rules that options give an origin. @throws {TypeError | RangeError} for wrong ones. */
export function originText(url: string, options: PoolOptions): string {
  const origin = originOf(url);
  const settings = settingsFor(resolveOptions(options), origin);
  const rows = configuredRules(settings).map(
    ({ rule, value, source, entry }) =>
      [rule, value, entry === undefined ? source : `${source} ${entry}`] as const,
  );
  return [`Rules for ${origin.key}`, "", ...columns(rows), ""].join("\n");
}
