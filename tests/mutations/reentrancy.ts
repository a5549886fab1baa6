/** Mutations of what holds whatever the functions of users do in their calls. */

import type { Mutation } from "./mutation.ts";

/** Mutations of what holds whatever the functions of users do in their calls. */
export const REENTRANCY: readonly Mutation[] = [
  {
    breaks: "A request goes on only when every listener has heard of it, and may have aborted it",
    file: "src/http1/exchange.ts",
    search: "    this.#journal.started();\n    this.#pool.observers.whenTold(this);",
    replacement: "    this.told();\n    this.#journal.started();",
    proof: { tests: "tests/reentrancy/listeners" },
  },
  {
    breaks: "A request that was aborted while it was about to be sent again stays over",
    file: "src/http1/exchange.ts",
    search: `if (this.#stage !== "queue") return;\n    if (this`,
    replacement: "if (this",
    proof: { tests: "tests/reentrancy/listeners" },
  },
  {
    breaks: "An exchange ends once",
    file: "src/http1/exchange.ts",
    search: `    if (this.#stage === "done") return;\n    const waiter`,
    replacement: "    const waiter",
    proof: { tests: "tests/reentrancy/functions" },
  },
  {
    breaks: "close() cuts off all, whatever listeners do meanwhile",
    file: "src/pool/closing.ts",
    search: "flatMap((entry) => [...entry.connections]);",
    replacement: "flatMap((entry) => [...entry.connections].slice(0, 1));",
    proof: { tests: "tests/reentrancy/listeners" },
  },
  {
    breaks: "A subscriber that leaves in its call takes no event from another",
    file: "src/pool/observers.ts",
    search: "audience.subscribers = audience.subscribers.filter((other) => other !== subscriber);",
    replacement:
      "(audience.subscribers as Subscriber[]).splice(audience.subscribers.indexOf(subscriber), 1);",
    proof: { tests: "tests/reentrancy/listeners" },
  },
  {
    breaks: "All listeners see all events in one order",
    file: "src/pool/observers.ts",
    search: "if (this.#depth > 0 || this.#telling) return;",
    replacement: "if (this.#depth > 0) return;",
    proof: { tests: "tests/reentrancy/listeners" },
  },
  {
    breaks: "What a step decides comes after what was decided before",
    file: "src/pool/performer.ts",
    search: "    if (this.#performing) {\n",
    replacement: "    if (effects.length > 1e9) {\n",
    proof: { tests: "tests/pool/performer" },
  },
  {
    breaks: "A clock that fails ends those who rely on it",
    file: "src/pool/pool.ts",
    search: "      this.alarm.cut(fault);\n",
    replacement: "",
    proof: { tests: "tests/reentrancy/faults" },
  },
  {
    breaks: "What a transport connects with is looked at",
    file: "src/pool/dials.ts",
    search: "new GuardedSocket(checkedSocket(given), connection)",
    replacement: "new GuardedSocket(given, connection)",
    proof: { tests: "tests/reentrancy/faults" },
  },
  {
    breaks: "A promise that nobody asked for ends no process",
    file: "src/user-functions.ts",
    search: "if (answer instanceof Promise) answer.catch(failed);",
    replacement: "",
    proof: { tests: "tests/reentrancy/" },
  },
];
