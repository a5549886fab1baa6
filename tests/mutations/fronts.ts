/** Fronts: ways in for programs that never call the pool. */

import type { Mutation } from "./mutation.ts";

const SERVER = { tests: "tests/server/keep-alive-server" } as const;

export const FRONTS: readonly Mutation[] = [
  {
    breaks: "A plain server executes nothing that is pipelined behind the last response of a connection",
    file: "src/server/keep-alive-server.ts",
    search: "if (request === undefined) return refused(outgoing);",
    replacement: "if (request === undefined) return true;",
    proof: SERVER,
  },
  {
    breaks: "A response that a handler writes with names and values in turn keeps its repeated names",
    file: "src/server/outgoing-head.ts",
    search: "if (given === undefined) this.#response.setHeader(name, value);",
    replacement: "if (given !== null) this.#response.setHeader(name, value);",
    proof: SERVER,
  },
];
