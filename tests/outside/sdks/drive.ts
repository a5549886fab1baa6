/**
 * Drive: takes one package through all steps, first with connections of its own kind and then with a pool's, and prints a line
 * of JSON for each step. `main.ts` starts one process of it for each package.
 */

import { Agent } from "node:http";
import process from "node:process";
import { createPool } from "../../../mod.ts";
import { agent } from "../../../src/agent/mod.ts";
import { STEPS } from "../driver.ts";
import type { Addresses } from "../mock.ts";
import { Control, describe, steps } from "../steps.ts";
import type { Means, SdkDriver } from "./sdk-driver.ts";

/** A step that takes longer stands still. */
const STEP_MS = 20_000;

const [file = "", plan = "{}"] = process.argv.slice(2);
const { own, pooled } = JSON.parse(plan) as { own: Addresses; pooled: Addresses };
const { driver } = (await import(new URL(`./drivers/${file}`, import.meta.url).href)) as {
  driver: SdkDriver;
};

const pool = createPool();
await drive("own", own, { agent: new Agent({ keepAlive: true }), pool: undefined });
await drive("pool", pooled, { agent: agent(pool), pool });
process.stdout.write(`@@${JSON.stringify({ requests: pool.stats().requests })}\n`);
process.exit(0);

async function drive(column: string, { url, control }: Addresses, means: Omit<Means, "url">): Promise<void> {
  const told = new Control(control);
  const client = await driver.connect({ url, ...means });
  for (const step of STEPS) {
    if (driver.lacks?.[step] !== undefined) continue;
    const late = new Promise<{ ok: boolean; saw: string }>((resolve) => {
      setTimeout(() => resolve({ ok: false, saw: "stood still" }), STEP_MS).unref();
    });
    const taken = steps[step](client, told).catch((error) => ({ ok: false, saw: describe(error) }));
    const outcome = await Promise.race([taken, late]);
    process.stdout.write(`@@${JSON.stringify({ column, step, ...outcome })}\n`);
  }
}
