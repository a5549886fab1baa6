/** Origins: HTTP/2 servers that end a connection with GOAWAY after some requests, and one that does not. */

import { execFileSync } from "node:child_process";
import { existsSync, mkdirSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { root } from "../../scripts/entries.ts";
import { find } from "../../tests/parity/systems/tools.ts";
import { Child } from "../torture/child.ts";
import type { Runtime } from "../torture/runtimes.ts";
import { logged } from "./logged-servers.ts";
import type { Ask, Seen } from "./protocol.ts";

/** A running origin. */
export interface Origin {
  readonly port: number;
  /** A run begins. */
  turnTo(run: string): Promise<void>;
  /** What it has seen since. */
  seen(): Promise<Seen>;
  close(): Promise<void>;
}

/** One kind of origin. */
export interface OriginKind {
  readonly name: string;
  /** Requests on one connection, by the server's own count. `Infinity`: it sends no GOAWAY. */
  readonly limit: number;
  /** Starts it, or says what is not installed. `here` is the runtime of this process. */
  start(here: Runtime): Promise<Origin | string>;
}

const NODE_LIMIT = 100;
const cert = (name: string): string => join(root, "tests", "certs", name);

/** All origins. nginx's own limit is 1000. */
export const ORIGINS: readonly OriginKind[] = [
  { name: "nginx", limit: 1000, start: () => logged("nginx", "") },
  { name: "nginx-7", limit: 7, start: () => logged("nginx", "keepalive_requests 7;") },
  { name: "nghttpd", limit: Infinity, start: () => logged("nghttpd", "") },
  { name: "go", limit: NODE_LIMIT, start: startGo },
  { name: "node", limit: NODE_LIMIT, start: (here) => startNode(here, "plain") },
  { name: "hono", limit: NODE_LIMIT, start: (here) => startNode(here, "hono") },
];

async function startNode(here: Runtime, kind: string): Promise<Origin> {
  const script = new URL("./node-servers.ts", import.meta.url);
  return await ofChild(await Child.run(here, script, `${kind} ${NODE_LIMIT}`));
}

async function startGo(): Promise<Origin | string> {
  const installed = "/usr/local/go/bin/go";
  const compiler = find("go") ?? (existsSync(installed) ? installed : undefined);
  if (compiler === undefined) return "no Go compiler";
  const folder = join(root, ".cache", "bench");
  const program = join(folder, "goaway-go");
  mkdirSync(folder, { recursive: true });
  const source = fileURLToPath(new URL("./go-server/", import.meta.url));
  execFileSync(compiler, ["build", "-C", source, "-o", program, "."], { stdio: "inherit" });
  return await ofChild(new Child([program, cert("server.pem"), cert("server.key"), String(NODE_LIMIT)]));
}

async function ofChild(child: Child): Promise<Origin> {
  const { port } = await child.next<{ port: number }>();
  const asked = (ask: Ask): Promise<Seen> => {
    child.tell(ask);
    return child.next<Seen>();
  };
  return {
    port,
    turnTo: async (run) => void (await asked({ ask: "turn-to", run })),
    seen: () => asked({ ask: "seen" }),
    close: () => child.end(),
  };
}
