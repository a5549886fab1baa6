/**
 * Variables: options from the environment. `HOLDFAST_IDLE_TIMEOUT` is `idleTimeout`, and so on. What a variable holds goes
 * through the checks of the options, so its errors are those of `createPool()`, with the variable's name before them.
 */

import { show } from "../options/checks.ts";
import type { PoolOptions } from "../options/options.ts";
import { DEFAULTS, resolveOptions } from "../options/resolve.ts";

/** Environment variables, as `process.env` has them. */
export type Variables = Readonly<Record<string, string | undefined>>;

/** Asks for lines of events, whatever the options are. The transport reads it. */
const DEBUG_VARIABLE = "HOLDFAST_DEBUG";

/** Names the module whose default export is the options. */
export const CONFIG_VARIABLE = "HOLDFAST_CONFIG";

const PREFIX = "HOLDFAST_";

/** Variables that are no options. */
const NO_OPTIONS: ReadonlySet<string> = new Set([CONFIG_VARIABLE, DEBUG_VARIABLE]);

/** Options that are functions or objects with functions: no text can say them. */
const NOT_TEXT: ReadonlySet<string> = new Set(["resolve", "transport", "onEvent", "clock", "random"]);

/** Variables that may hold a password or a key, which no error may show. */
const SECRET: ReadonlySet<string> = new Set(["proxy", "tls", "origins"]);

/** `idleTimeout` is `HOLDFAST_IDLE_TIMEOUT`. */
export function variableOf(option: string): string {
  return PREFIX + option.replace(/[A-Z]/g, (letter) => `_${letter}`).toUpperCase();
}

const OPTION_OF: ReadonlyMap<string, string> = new Map(
  Object.keys(DEFAULTS).map((option) => [variableOf(option), option]),
);

/**
 * The options that variables set, checked together with `others`, over which they win. An empty variable sets nothing.
 *
 * @throws {TypeError | RangeError} naming the variable and its value.
 */
export function withVariables(others: PoolOptions, env: Variables): PoolOptions {
  const set = Object.entries(env).filter(
    ([name, text]) => name.startsWith(PREFIX) && !NO_OPTIONS.has(name) && text !== "" && text !== undefined,
  ) as [name: string, text: string][];
  const options: Record<string, unknown> = { ...others };
  for (const [variable, text] of set) options[optionOf(variable, text)] = optionValue(variable, text);
  try {
    resolveOptions(options);
  } catch (error) {
    throw attributed(error, set);
  }
  return options;
}

function optionOf(variable: string, text: string): string {
  const option = OPTION_OF.get(variable);
  if (option === undefined) {
    const known = [...OPTION_OF.keys()].filter((name) => !NOT_TEXT.has(OPTION_OF.get(name) ?? ""));
    throw new TypeError(
      `Unknown variable ${variable}=${show(text)}: known are ${[CONFIG_VARIABLE, ...known].join(", ")}`,
    );
  }
  if (NOT_TEXT.has(option)) {
    throw new TypeError(
      `${shown(variable, text)}: ${option} cannot be set by a variable, only in the module that ${CONFIG_VARIABLE} names`,
    );
  }
  return option;
}

/** `"true"`, a number, `"Infinity"` or an object in JSON is that; anything else is text, and so is every path. */
function optionValue(variable: string, text: string): unknown {
  if (variable === variableOf("unixPath")) return text;
  if (text === "true" || text === "false") return text === "true";
  if (text === "Infinity" || /^-?\d+(\.\d+)?$/.test(text)) return Number(text);
  if (!text.startsWith("{")) return text;
  const value = fromJson(text);
  if (value !== undefined) return value;
  throw new TypeError(`${shown(variable, text)}: it begins with "{", but it is not JSON`);
}

/** `undefined` for what is no JSON. The parser's own message is not passed on, because it quotes the text. */
function fromJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

/** The error as one of the variable that causes it; untouched where none does so alone. */
function attributed(error: unknown, set: readonly (readonly [string, string])[]): unknown {
  if (!(error instanceof TypeError || error instanceof RangeError)) return error;
  const guilty = set.find(([variable, text]) => messageOf(variable, text) === error.message);
  if (guilty === undefined) return error;
  const message = `${shown(...guilty)}: ${error.message}`;
  return error instanceof RangeError ? new RangeError(message) : new TypeError(message);
}

/** What is wrong with a variable by itself. */
function messageOf(variable: string, text: string): string | undefined {
  try {
    resolveOptions({ [optionOf(variable, text)]: optionValue(variable, text) });
    return undefined;
  } catch (error) {
    return error instanceof Error ? error.message : undefined;
  }
}

function shown(variable: string, text: string): string {
  return SECRET.has(OPTION_OF.get(variable) ?? "")
    ? `${variable} (value not shown)`
    : `${variable}=${show(text)}`;
}
