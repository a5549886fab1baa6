/**
 * workerd: bundles a Worker's source, starts it, and stops it. Workers may reach the addresses of this machine only, and trust
 * the authority of tests/certs.
 */

import { spawn } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { build, type Plugin } from "esbuild";
import { portOf } from "../support/workerd-port.ts";

const root = fileURLToPath(new URL("../../", import.meta.url));

/** Tests of workerd are started from Node: it is a program of its own. */
export const isNode: boolean = !("Deno" in globalThis || "Bun" in globalThis);

/** A Worker to run. */
export interface WorkerSource {
  /** TypeScript. `#root` stands for the root of the repository, with a slash at its end. */
  readonly source: string;
  /** Classes of Durable Objects, by the binding that each has. */
  readonly objects?: Readonly<Record<string, string>>;
  /** @default "2026-11-01", which has nodejs_compat */
  readonly date?: string;
  readonly flags?: readonly string[];
  /** Further bindings, as workerd's configuration writes them. */
  readonly bindings?: string;
  readonly plugins?: readonly Plugin[];
  /** Whether what workerd logs is dropped: what it says of scenarios whose server misbehaves, say. */
  readonly quiet?: boolean;
  /** Whether objects keep their storage on the disk. An eviction loses what is kept in memory (workerd's `inMemory`). */
  readonly onDisk?: boolean;
}

/** A running workerd. */
export interface Workerd extends AsyncDisposable {
  /** Its address, without a slash at its end. */
  readonly url: string;
  readonly pid: number;
}

const config = (
  { date = "2026-11-01", objects = {}, flags = [], bindings = "", onDisk = false }: WorkerSource,
  folder: string,
): string => `
using Workerd = import "/workerd/workerd.capnp";
const config :Workerd.Config = (
  services = [ (name = "main", worker = .main), (name = "local", network = (
    allow = ["public", "private", "local"],
    tlsOptions = (trustedCertificates = [embed "ca.pem"]) )),
    (name = "disk", disk = (path = ${JSON.stringify(folder)}, writable = true)) ],
  sockets = [ (name = "http", address = "127.0.0.1:0", http = (), service = "main") ],
);
const main :Workerd.Worker = (
  modules = [ (name = "worker.js", esModule = embed "worker.js") ],
  compatibilityDate = ${JSON.stringify(date)},
  compatibilityFlags = ${JSON.stringify(flags)},
  globalOutbound = "local",
  bindings = [ ${[...Object.entries(objects).map(([name, type]) => `(name = "${name}", durableObjectNamespace = "${type}")`), bindings].filter((text) => text !== "").join(", ")} ],
  ${Object.keys(objects).length === 0 ? "" : `durableObjectStorage = (${onDisk ? 'localDisk = "disk"' : "inMemory = void"}),`}
  durableObjectNamespaces = [ ${[...new Set(Object.values(objects))].map((type) => `(className = "${type}", uniqueKey = "${type}", enableSql = true)`).join(", ")} ],
);
`;

/** Bundles and starts a Worker. */
export async function startWorkerd(worker: WorkerSource): Promise<Workerd> {
  const folder = mkdtempSync(join(tmpdir(), "holdfast-workerd-"));
  writeFileSync(join(folder, "config.capnp"), config(worker, folder));
  writeFileSync(join(folder, "ca.pem"), readFileSync(join(root, "tests/certs/ca.pem")));
  await build({
    stdin: { contents: worker.source.replaceAll("#root/", root), resolveDir: root, loader: "ts" },
    outfile: join(folder, "worker.js"),
    bundle: true,
    format: "esm",
    target: "es2022",
    external: ["node:*", "cloudflare:*"],
    conditions: ["workerd", "worker"],
    // A module of a Worker has no address.
    define: { "import.meta.url": '"file:///worker.js"' },
    plugins: [...(worker.plugins ?? [])],
    logLevel: "error",
  });
  const program = join(root, "node_modules/.bin/workerd");
  const child = spawn(program, ["serve", "--control-fd=3", join(folder, "config.capnp")], {
    stdio: ["ignore", "inherit", worker.quiet === true ? "ignore" : "inherit", "pipe"],
  });
  const port = await portOf(child);
  return {
    url: `http://127.0.0.1:${port}`,
    pid: child.pid ?? 0,
    async [Symbol.asyncDispose]() {
      const gone = new Promise((resolve) => child.once("close", resolve));
      child.kill();
      await gone;
      rmSync(folder, { recursive: true });
    },
  };
}
