/** Command line: how the commands of this repository read their options and numbers, and tell of a mistake. */

import { type ParseArgsConfig, parseArgs } from "node:util";
import { UsageError } from "./usage-error.ts";

/** What `read` gives. Tells of a mistake, and where `more` is said, and gives `undefined`. */
export function understood<T>(read: () => T, more: string): T | undefined {
  try {
    return read();
  } catch (error) {
    if (!(error instanceof UsageError)) throw error;
    console.error(`${error.message}\n${more}`);
    return undefined;
  }
}

/** As `parseArgs`. @throws {UsageError} for an unknown option, or one without its value. */
export function parsed<T extends ParseArgsConfig>(config: T): ReturnType<typeof parseArgs<T>> {
  try {
    return parseArgs(config);
  } catch (error) {
    throw new UsageError(error instanceof Error ? error.message : String(error), { cause: error });
  }
}

/** Up to 15 digits: those are exact. @throws {UsageError} */
export function whole(option: string, text: string): number {
  if (/^[1-9]\d{0,14}$/.test(text)) return Number(text);
  throw new UsageError(`--${option} must be a whole number above 0, got "${text}"`);
}

/** @throws {UsageError} */
export function above0(option: string, text: string): number {
  const number = Number(text);
  if (text.trim() !== "" && number > 0 && number < Infinity) return number;
  throw new UsageError(`--${option} must be a number above 0, got "${text}"`);
}
