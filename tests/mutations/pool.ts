/** Mutations of `src/pool/`. */

import type { Mutation } from "./mutation.ts";

/** Mutations of `src/pool/`. */
export const POOL: readonly Mutation[] = [
  {
    breaks: "maxIdlePerOrigin is never exceeded",
    file: "src/pool/exits.ts",
    search: "entry.idle.size > this.#rules.maxIdlePerOrigin",
    replacement: "entry.idle.size > this.#rules.maxIdlePerOrigin + 1",
    proof: "simulation",
  },
  {
    breaks: "A second attempt gets a fresh connection",
    file: "src/pool/core.ts",
    search: "waiter.fresh ? undefined : ",
    replacement: "",
    proof: "simulation",
  },
  {
    breaks: "close() answers those who wait",
    file: "src/pool/core.ts",
    search: `this.#reject(waiter, waiter.entry?.origin.key ?? "", "pool-closed", now);`,
    replacement: "this.#cancel(waiter);",
    proof: "simulation",
  },
  {
    breaks: "drain() retires active connections too",
    file: "src/pool/core.ts",
    search: `if (connection.state !== "connecting") this`,
    replacement: `if (connection.state === "idle") this`,
    proof: "simulation",
  },
  {
    breaks: "What was idle while the machine slept is not used",
    file: "src/pool/core.ts",
    search: `return this.#exits.retireIdle("slept", now);`,
    replacement: "return;",
    proof: "simulation",
  },
  {
    breaks: "A closed connection is no longer counted",
    file: "src/pool/floor.ts",
    search: "    this.open -= 1;\n",
    replacement: "",
    proof: "simulation",
  },
  {
    breaks: "Who has an answer waits no more",
    file: "src/pool/floor.ts",
    search: "    this.queue.remove(waiter.queueNode);\n",
    replacement: "",
    proof: { tests: "tests/pool/queue" },
  },
  {
    breaks: "Any byte on an idle connection retires it",
    file: "src/pool/connection.ts",
    search: `    else this.#owner.lost(this, "unsolicited-data");\n`,
    replacement: "",
    proof: "simulation",
  },
  {
    breaks: "The end of an idle connection retires it",
    file: "src/pool/connection.ts",
    search: `    else this.#owner.lost(this, "peer-closed", error);\n`,
    replacement: "",
    proof: "simulation",
  },
  {
    breaks: "After a blocked event loop a connection is looked at before a POST takes it",
    file: "src/pool/blind-spot.ts",
    search: "return idleMs > UNSEEN_MS && unseenMs > UNSEEN_MS;",
    replacement: "return false;",
    proof: { tests: "tests/pool/blind-spot" },
  },
  {
    breaks: "A connection that is retired is closed",
    file: "src/pool/pool.ts",
    search: "    record.attached?.socket?.close();\n",
    replacement: "",
    proof: "simulation",
  },
  {
    breaks: "A closed pool leaves no timer behind",
    file: "src/pool/alarm.ts",
    search: "this.#ringsAt = -Infinity;",
    replacement: "this.#ringsAt = Infinity;",
    proof: "simulation",
  },
  {
    breaks: "The alarm rings for whatever is due first",
    file: "src/pool/alarm.ts",
    search: "if (at >= this.#ringsAt) return;",
    replacement: "if (this.#ringsAt < Infinity) return;",
    proof: "simulation",
  },
  {
    breaks: "A jump of the wall clock means that the machine slept",
    file: "src/pool/sleep.ts",
    search: "const SLEPT_MS = 1000;",
    replacement: "const SLEPT_MS = 1e12;",
    proof: "simulation",
  },
  {
    breaks: "A dial that is not needed any more is given up",
    file: "src/pool/pool.ts",
    search: "    this.#dials.giveUp(record, reason);\n",
    replacement: "",
    proof: "simulation",
  },
];
