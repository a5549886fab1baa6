/**
 * Makes the global `fetch` that of a pool, for programs that cannot be handed one. Importing this module does it. `Headers`,
 * `Request` and `Response` stay the runtime's.
 *
 * Options come from `HOLDFAST_*` variables, which are named after the options (`HOLDFAST_IDLE_TIMEOUT=30s`), and from the
 * default export of the module that `HOLDFAST_CONFIG` names. Variables win.
 *
 * @example As a preload
 * ```sh
 * HOLDFAST_IDLE_TIMEOUT=30s node --import @holdfast/pool/register main.js
 * HOLDFAST_CONFIG=./holdfast.config.ts deno run -A --preload=jsr:@holdfast/pool/register main.ts
 * bun --preload @holdfast/pool/register main.ts
 * ```
 *
 * @example As a function, in the `instrumentation.ts` of Next
 * ```ts
 * export async function register() {
 *   if (process.env.NEXT_RUNTIME === "nodejs") {
 *     const holdfast = await import("@holdfast/pool/register");
 *     holdfast.register({ idleTimeout: "30s" });
 *   }
 * }
 * ```
 *
 * @module
 */

import process from "node:process";
import { createPool, type Pool } from "../create-pool.ts";
import type { PoolOptions } from "../options/options.ts";
import { configOptions } from "./config-module.ts";
import { install, uninstall } from "./global-fetch.ts";
import { CONFIG_VARIABLE, withVariables } from "./variables.ts";

/**
 * Makes the global `fetch` that of a new pool, which is returned. It replaces the pool that was registered before; what that
 * one has begun goes on.
 *
 * @param options Win over variables and the config module.
 * @throws {TypeError | RangeError} for a wrong option or variable. The global `fetch` is then as it was.
 */
export function register(options: PoolOptions = {}): Pool {
  const pool = createPool({ ...withVariables(config, process.env), ...options });
  return installed(pool);
}

/**
 * Makes the runtime's own `fetch` the global one again, and closes the pool, as {@linkcode Pool.close} does. Does nothing
 * where none is registered.
 */
export async function unregister(): Promise<void> {
  await uninstall()?.close();
}

function installed(pool: Pool): Pool {
  // It has all the time that its exchanges take, and no connection of it stays idle.
  void install(pool)?.close({ timeout: Infinity });
  return pool;
}

const path = process.env[CONFIG_VARIABLE];
// Without a config module there is nothing to wait for: the import is over at once.
const config = path === undefined || path === "" ? {} : await configOptions(path);
installed(createPool(withVariables(config, process.env)));
