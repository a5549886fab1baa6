/**
 * The client of the conformance suite. It runs scenarios in the current runtime against the server with the given control
 * port, and prints a JSON line after each one.
 *
 *     client.ts <control port> <command of child.ts on this runtime, as JSON> [part of a scenario's name]
 */

import { http2Code } from "../../src/create-pool.ts";
import { proxies } from "../../src/proxy/dialer-of.ts";
import { detectTransport } from "../../transports/detect.ts";
import { Control } from "./harness/control.ts";
import { perform } from "./harness/perform.ts";
import type { Here } from "./harness/scenario.ts";
import { scenarios } from "./scenarios/all.ts";

/** Scenarios run at the same time. They mostly wait, for a server or for a time to pass. */
const AT_ONCE = 12;

const [port = "", child = "[]", only = ""] = process.argv.slice(2);
const control = await Control.open(Number(port));
// Loading counts in `connectTimeout`. A busy machine must not spend the short one of a scenario with it.
await Promise.all([proxies.load(), http2Code.load()]);
const here: Here = { can: (await detectTransport()).can, ss: control.hello.ss };

const waiting = scenarios.filter(({ name }) => name.includes(only));
async function work(): Promise<void> {
  for (let next = waiting.shift(); next !== undefined; next = waiting.shift()) {
    console.log(JSON.stringify(await perform(next, control, here, JSON.parse(child))));
  }
}
await Promise.all(Array.from({ length: AT_ONCE }, work));
control.close();
