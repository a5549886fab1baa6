/** Run by startup.test.ts on Deno: a program whose first timer is the pool's, which keeps it alive only if that is asked for. */

import { systemClock } from "../../src/contract/clock.ts";

const { Deno } = globalThis as unknown as { readonly Deno: { readonly args: readonly string[] } };
const [kind = ""] = Deno.args;

/** A short timer is set before the long ones may be, while somebody waits, and another comes. */
function setTimersBetween(): void {
  systemClock.schedule(1, () => {});
  systemClock.ref?.(true);
  setTimeout(() => {
    systemClock.ref?.(false);
    console.log("over");
  }, 60);
}

const startedAt = performance.now();
if (kind !== "unref") systemClock.ref?.(true);
if (kind === "briefly") systemClock.ref?.(false);
const never = systemClock.schedule(60, () => console.log("cancelled"));
systemClock.schedule(90, () => {
  console.log(performance.now() - startedAt >= 89 ? "fired" : "too early");
  systemClock.ref?.(false);
});
never.cancel();
if (kind === "between") setTimersBetween();
