/** Config module: options from a module of the program, which can say what no variable can: functions and certificates. */

import { resolve } from "node:path";
import process from "node:process";
import { pathToFileURL } from "node:url";
import { objectWith, show } from "../options/checks.ts";
import type { PoolOptions } from "../options/options.ts";
import { CONFIG_VARIABLE } from "./variables.ts";

/**
 * The default export of the module, which is relative to the working directory.
 *
 * @throws {TypeError} naming the variable and the module, if it cannot be imported or exports no options.
 */
export async function configOptions(path: string): Promise<PoolOptions> {
  const what = `${CONFIG_VARIABLE}=${show(path)}`;
  const url = pathToFileURL(resolve(process.cwd(), path)).href;
  let config: unknown;
  try {
    ({ default: config } = await import(
      /* webpackIgnore: true */ /* turbopackIgnore: true */ /* @vite-ignore */ url
    ));
  } catch (cause) {
    const reason = cause instanceof Error ? cause.message : String(cause);
    throw new TypeError(`${what}: it cannot be imported: ${reason}`, { cause });
  }
  if (config === undefined) throw new TypeError(`${what}: it has no default export`);
  return objectWith(config as PoolOptions, `${what}: the default export`, []);
}
