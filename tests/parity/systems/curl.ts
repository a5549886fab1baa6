/**
 * The curl tool: one process for each case, which sends the requests one after the other. It cannot pause between two
 * requests by itself, so it requests a late answer from another server in between.
 */

import { execFile } from "node:child_process";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { promisify } from "node:util";
import type { Command } from "../driver.ts";
import { type Missing, type Origins, type Program, urlOf } from "../program.ts";
import { BODY } from "../programs/protocol.ts";
import type { Case, Request } from "../schedule.ts";
import type { Result } from "../trace.ts";
import type { System } from "./system.ts";
import { find, versionOf } from "./tools.ts";

const run = promisify(execFile);

const PATIENCE_S = "6";

/** Ignores the proxies of the environment. */
const DIRECT: Command = ["--noproxy", "*"];

export const curl: System = {
  name: "curl",
  title: "curl",
  can: ["methods", "origins"],
  versioned: true,
  closesLate: "it checks its connections only when it needs one",
  start,
};

/** Answers `/<ms>` after that time, and `/over/<key>` when the case's `over()` has resolved. */
class Brake {
  readonly #overs: Map<string, () => Promise<void>> = new Map();
  readonly #server = createServer((incoming, outgoing) => {
    const [, word = "", key = ""] = (incoming.url ?? "").split("/");
    const done = (): unknown => outgoing.writeHead(200, { connection: "close" }).end();
    if (word === "over") void this.#overs.get(key)?.().then(done);
    else setTimeout(done, Number(word));
  });

  listen(): Promise<void> {
    return new Promise((resolve) => this.#server.listen(0, "127.0.0.1", resolve));
  }

  get origin(): string {
    return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}`;
  }

  /** A URL that is answered when `over()` has resolved. */
  over(key: string, over: () => Promise<void>): string {
    this.#overs.set(key, over);
    return `${this.origin}/over/${key}`;
  }

  close(): void {
    this.#server.closeAllConnections();
    this.#server.close();
  }
}

async function start(_: readonly Case[], proxied: boolean): Promise<Program | Missing> {
  const program = find("curl");
  if (program === undefined) return { missing: "no curl: apt-get install curl" };
  const brake = new Brake();
  await brake.listen();
  return {
    version: await versionOf([program, "--version"], /curl [\d.]+/),
    async run(plan, origins, over) {
      const last = brake.over(new URL(origins[0]).port, over);
      const way = proxied ? ["--proxy", origins[0]] : DIRECT;
      const args = [...transfers(plan, origins, brake.origin, way), ...transfer(last, "-")];
      // The exit code is that of the last transfer, which is this URL.
      const { stdout: said } = await run(program, ["--disable", ...args]);
      return resultsIn(said);
    },
    close: async () => brake.close(),
  };
}

function transfers({ steps }: Case, origins: Origins, brake: string, way: Command): string[] {
  let number = 0;
  return steps.flatMap((step) => {
    if ("wait" in step) return [...transfer(`${brake}/${step.wait}`, "-"), "--next"];
    return step.together.flatMap((request) => {
      number += 1;
      return [
        ...transfer(urlOf(origins, number, request), String(number), way),
        ...methodArguments(request),
        "--next",
      ];
    });
  });
}

/** Prints `<label> <status> <curl's own code>`. */
function transfer(url: string, label: string, way: Command = DIRECT): string[] {
  const line = `${label} %{http_code} %{exitcode}\\n`;
  return ["--silent", "--max-time", PATIENCE_S, "--output", "/dev/null", "--write-out", line, ...way, url];
}

function methodArguments({ method }: Request): string[] {
  if (method === "HEAD") return ["--head"];
  const body = method === "POST" || method === "PUT" ? ["--data", BODY] : [];
  return method === "GET" ? [] : ["--request", method, ...body];
}

function resultsIn(said: string): Result[] {
  const lines = said.split("\n").map((line) => line.split(" "));
  return lines
    .filter(([label]) => label !== "" && label !== "-")
    .map(([, status = "", code]) => (code === "0" ? status : "failed"));
}
