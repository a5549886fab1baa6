/** Mutations of what holds whatever the functions of users do in their calls. */

import type { Mutation } from "./mutation.ts";

/** Mutations of what holds whatever the functions of users do in their calls. */
export const REENTRANCY: readonly Mutation[] = [
  {
    breaks: "A request goes on only when every listener has heard of it, and may have aborted it",
    file: "src/exchange/exchange.ts",
    search: "    this.#events.started();\n",
    replacement: "    this.told();\n    this.#events.started();\n",
    proof: { tests: "tests/reentrancy/listeners" },
  },
  {
    breaks: "A request that was aborted while it was about to be sent again stays over",
    file: "src/exchange/exchange.ts",
    search: `if (this.#phase !== "queue") return;\n    if (this`,
    replacement: "if (this",
    proof: { tests: "tests/reentrancy/listeners" },
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
    search: "subscribers.list = subscribers.list.filter((other) => other !== subscriber);",
    replacement: "(subscribers.list as Subscriber[]).splice(subscribers.list.indexOf(subscriber), 1);",
    proof: { tests: "tests/reentrancy/listeners" },
  },
  {
    breaks: "All listeners see all events in one order",
    file: "src/pool/observers.ts",
    search: "if (this.#depth > 0 || this.#delivering) return;",
    replacement: "if (this.#depth > 0) return;",
    proof: { tests: "tests/reentrancy/listeners" },
  },
  {
    breaks: "What a step decides comes after what was decided before",
    file: "src/pool/effect-queue.ts",
    search: "    if (this.#performing) {\n",
    replacement: "    if (effects.length > 1e9) {\n",
    proof: { tests: "tests/pool/effect-queue" },
  },
  {
    breaks: "A clock that fails ends those who rely on it",
    file: "src/pool/timer.ts",
    search: "queueMicrotask(() => this.#cut(fault));",
    replacement: "",
    proof: { tests: "tests/reentrancy/faults" },
  },
  {
    breaks: "What a transport connects with is looked at",
    file: "src/pool/connect/checked-socket.ts",
    search: "new CheckedSocket(requireSocket(socket), handler)",
    replacement: "new CheckedSocket(socket as Socket, handler)",
    proof: { tests: "tests/reentrancy/faults" },
  },
  {
    breaks: "A promise that nobody asked for ends no process",
    file: "src/contract/user-functions.ts",
    search: "if (answer instanceof Promise) answer.catch(failed);",
    replacement: "",
    proof: { tests: "tests/reentrancy/" },
  },
  {
    breaks: "A dial that is given up while a user's socket is handed over leaves none open",
    file: "src/pool/connect/happy-eyeballs.ts",
    search:
      "    // The methods of a user's socket may have aborted everything, too.\n    if (!this.#attempts.has(attempt)) return abortQuietly(socket);\n",
    replacement: "",
    proof: { tests: "tests/simulation/deeds" },
  },
  {
    breaks: "A signal that was aborted before it could be watched ends the request",
    file: "src/exchange/abort.ts",
    search: "  if (signal.aborted) return target.abort(signal.reason);\n",
    replacement: "",
    proof: { tests: "tests/simulation/deeds" },
  },
  {
    breaks: "A connection that was taken away in a user's call is not given back a second time",
    file: "src/pool/pool.ts",
    search: 'on the way here had the connection closed.\n    if (record.state === "closed") return;\n',
    replacement: "on the way here had the connection closed.\n",
    proof: { tests: "tests/reentrancy/functions" },
  },
];
