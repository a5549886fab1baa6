/**
 * Drive: takes one package through all steps in the runtime at hand, first with the built-in fetch and then with a pool's,
 * and prints a line of JSON for each step. `main.ts` starts one process of it for each package and runtime.
 */

import process from "node:process";
import { createPool } from "../../mod.ts";
import { type Client, type Driver, STEPS, type StepName } from "./driver.ts";
import type { Addresses } from "./mock.ts";
import { Control, describe, type Outcome, steps } from "./steps.ts";

/** A step that takes longer stands still: the slowest packages wait 2 s before they try again. */
const STEP_MS = 20_000;

const [file = "", plan = "{}"] = process.argv.slice(2);
const { builtIn, pooled } = JSON.parse(plan) as { builtIn: Addresses; pooled: Addresses };
const { driver } = (await import(new URL(`./drivers/${file}`, import.meta.url).href)) as { driver: Driver };

const pool = createPool();
const platform = globalThis.fetch;
// Types of the platform's fetch differ by runtime. The packages get what their users hand in.
await drive("builtIn", builtIn, platform as typeof pool.fetch);
await drive("pool", pooled, pool.fetch);
globalThis.fetch = platform;
await pool.close({ timeout: 0 });
process.exit(0);

async function drive(
  fetchName: string,
  { url, control }: Addresses,
  fetch: typeof pool.fetch,
): Promise<void> {
  const told = new Control(control);
  const [client, failure] = await driver.connect({ url, fetch }).then(
    (connected): [Client, undefined] => [connected, undefined],
    (error): [undefined, string] => [undefined, describe(error)],
  );
  for (const step of STEPS) {
    if (driver.lacks?.[step] !== undefined) continue;
    const result = client === undefined ? { ok: false, saw: failure } : await take(step, client, told);
    process.stdout.write(`@@${JSON.stringify({ fetch: fetchName, step, ...result })}\n`);
  }
}

function take(step: StepName, client: Client, control: Control): Promise<Outcome> {
  return new Promise((resolve) => {
    const timer = setTimeout(() => resolve({ ok: false, saw: "stood still" }), STEP_MS);
    const taken = steps[step](client, control).catch((error) => ({ ok: false, saw: describe(error) }));
    void taken.then((outcome) => {
      clearTimeout(timer);
      resolve(outcome);
    });
  });
}
