/** Re-entrancy: what stays true whatever users' functions do when the library calls them. */

import type { Mutation } from "./mutation.ts";

/** Re-entrancy: what stays true whatever users' functions do when the library calls them. */
export const REENTRANCY: readonly Mutation[] = [
  {
    breaks: "A request is sent only after every listener was told of it and could abort it",
    file: "src/exchange/exchange.ts",
    search: "    this.events.started();\n",
    replacement: "    this.told();\n    this.events.started();\n",
    proof: { tests: "tests/reentrancy/listeners" },
  },
  {
    breaks: "A request that was aborted just before its resend is not sent again",
    file: "src/exchange/exchange.ts",
    search: `if (this.#phase !== "queue") return;\n    if (this`,
    replacement: "if (this",
    proof: { tests: "tests/reentrancy/listeners" },
  },
  {
    breaks: "close() aborts all connections, whatever listeners do meanwhile",
    file: "src/pool/closing.ts",
    search: "flatMap((entry) => [...entry.connections]);",
    replacement: "flatMap((entry) => [...entry.connections].slice(0, 1));",
    proof: { tests: "tests/reentrancy/listeners" },
  },
  {
    breaks: "A subscriber that unsubscribes while it is called makes no other subscriber miss the event",
    file: "src/pool/observers.ts",
    search: "subscribers.list = subscribers.list.filter((other) => other !== subscriber);",
    replacement: "(subscribers.list as Subscriber[]).splice(subscribers.list.indexOf(subscriber), 1);",
    proof: { tests: "tests/reentrancy/listeners" },
  },
  {
    breaks: "All listeners are told of events in the same order",
    file: "src/pool/observers.ts",
    search: "if (this.#depth > 0 || this.#delivering) return;",
    replacement: "if (this.#depth > 0) return;",
    proof: { tests: "tests/reentrancy/listeners" },
  },
  {
    breaks: "The effects of a step run after those of earlier steps",
    file: "src/pool/effect-queue.ts",
    search: "    if (this.#performing) {\n",
    replacement: "    if (effects.length > 1e9) {\n",
    proof: { tests: "tests/pool/effect-queue" },
  },
  {
    breaks: "When the user's clock throws, the requests that depend on it fail",
    file: "src/pool/timer.ts",
    search: "queueMicrotask(() => this.#cut(fault));",
    replacement: "",
    proof: { tests: "tests/reentrancy/faults" },
  },
  {
    breaks: "The socket that a transport gives is checked for the methods it must have",
    file: "src/pool/connect/checked-socket.ts",
    search: "new CheckedSocket(requireSocket(socket), handler)",
    replacement: "new CheckedSocket(socket as Socket, handler)",
    proof: { tests: "tests/reentrancy/faults" },
  },
  {
    breaks:
      "A user's socket that lacks a method fails its connect attempt, also when a name was connected to",
    file: "src/pool/connect/happy-eyeballs.ts",
    search: "      return this.#failed(attempt, fault);\n",
    replacement: "      throw fault;\n",
    proof: { tests: "tests/reentrancy/faults" },
  },
  {
    breaks: "A rejected promise that a user's function returns unasked does not end the process",
    file: "src/contract/user-functions.ts",
    search: "if (value instanceof Promise) value.catch(failed);",
    replacement: "",
    proof: { tests: "tests/reentrancy/" },
  },
  {
    breaks: "A connect attempt that is aborted while it takes over a user's socket leaves no socket open",
    file: "src/pool/connect/happy-eyeballs.ts",
    search:
      "    // The methods of a user's socket may have aborted everything, too.\n    if (!this.#attempts.has(attempt)) return abortQuietly(socket);\n",
    replacement: "",
    proof: { tests: "tests/simulation/deeds" },
  },
  {
    breaks: "A connect attempt that is aborted while its race is noted leaves no socket open",
    file: "src/pool/connect/happy-eyeballs.ts",
    search: "    if (!this.#attempts.has(attempt)) return abortQuietly(socket);\n    this.#finish(",
    replacement: "    this.#finish(",
    proof: { tests: "tests/pool/connect/happy-eyeballs" },
  },
  {
    breaks: "A socket that cannot be aborted is closed",
    file: "src/pool/connect/checked-socket.ts",
    search: '      this.#try("close", () => this.#socket.close());\n    }\n',
    replacement: "    }\n",
    proof: { tests: "tests/reentrancy/faults" },
  },
  {
    breaks: "A signal of the caller's own class that throws ends its request, and nothing else",
    file: "src/fetch/arguments.ts",
    search: "return guardedSignal(signal as AbortSignal);",
    replacement: "return signal as AbortSignal;",
    proof: { tests: "tests/reentrancy/functions" },
  },
  {
    breaks: "A signal that is aborted before its listener is added ends the request",
    file: "src/exchange/abort.ts",
    search: "  if (signal.aborted) return target.abort(signal.reason);\n",
    replacement: "",
    proof: { tests: "tests/simulation/deeds" },
  },
  {
    breaks: "A connection that was closed during a call of a user's function is not released a second time",
    file: "src/pool/pool.ts",
    search: 'on the way here had the connection closed.\n    if (record.state === "closed") return;\n',
    replacement: "on the way here had the connection closed.\n",
    proof: { tests: "tests/reentrancy/functions" },
  },
];
