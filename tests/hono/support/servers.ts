/** The servers that a Hono application can run under on this runtime, all started in the same way. */

import type { Hono } from "hono";
import { has, type Listening, serveBun, serveDeno, serveNode } from "../../support/serve.ts";

/** One kind of server, and what it can do. */
export interface ServerUnderTest {
  readonly name: string;
  readonly enforcement: "enforced" | "advisory";
  /** Whether it keeps an HTTP/1.0 connection whose client asks for it. */
  readonly keeps10: boolean;
  /** Whether it shows that a request came by HTTP/1.0. */
  readonly tells10: boolean;
  /** Whether it queues pipelined requests. Bun.serve closes the connection instead. */
  readonly queues: boolean;
  serve(app: { readonly fetch: Hono["fetch"] }): Promise<Listening>;
}

const node: ServerUnderTest = {
  name: "@hono/node-server",
  enforcement: "enforced",
  keeps10: !has.bun,
  tells10: true,
  queues: true,
  serve: ({ fetch }) => serveNode(fetch),
};

const deno: ServerUnderTest = {
  name: "Deno.serve",
  enforcement: "advisory",
  keeps10: true,
  tells10: false,
  queues: true,
  serve: ({ fetch }) => serveDeno(fetch),
};

const bun: ServerUnderTest = {
  name: "Bun.serve",
  enforcement: "enforced",
  keeps10: false,
  tells10: false,
  queues: false,
  serve: ({ fetch }) => serveBun(fetch),
};

/** The servers of this runtime. */
export const SERVERS: readonly ServerUnderTest[] = [
  node,
  ...(has.deno ? [deno] : []),
  ...(has.bun ? [bun] : []),
];
