/** Config module: options from a module of the program, which can say what no variable can: functions and certificates. */

import { readFile } from "node:fs/promises";
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
  const file = resolve(process.cwd(), path);
  let config: unknown;
  try {
    config = path.endsWith(".json") ? JSON.parse(await readFile(file, "utf8")) : await defaultExport(file);
  } catch (cause) {
    const reason = cause instanceof Error ? cause.message : String(cause);
    throw new TypeError(`${what}: it cannot be imported: ${reason}`, { cause });
  }
  if (config === undefined) throw new TypeError(`${what}: it has no default export`);
  return objectWith(config as PoolOptions, `${what}: the default export`, []);
}

/** The comments keep bundlers from looking for the module: it is not there when they build. */
async function defaultExport(file: string): Promise<unknown> {
  const url = pathToFileURL(file).href;
  const module = await import(/* webpackIgnore: true */ /* turbopackIgnore: true */ /* @vite-ignore */ url);
  return module.default;
}
