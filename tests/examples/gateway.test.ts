/** The gateway, run as users run it: by itself on each runtime, and by `npm start -- --serve`. */

import { spawn } from "node:child_process";
import { once } from "node:events";
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { after, before, describe, it } from "node:test";
import { assertEquals, assertMatch, assertStringIncludes } from "@std/assert";
import { isNode, scriptCommand } from "../../bench/main-job/runtime.ts";
import { PATIENT } from "../support/patience.ts";

interface Gateway {
  readonly url: string;
  /** Ctrl-C; resolves with all that it has said. */
  stop(): Promise<string>;
}

async function start(script: string, args: readonly string[], env: Record<string, string>): Promise<Gateway> {
  const command = scriptCommand(new URL(script, import.meta.url), args);
  // By itself Node 24 would look for the package's name in what was built; the example is for tsx there.
  const loader = isNode() && !command.args.includes("tsx") ? ["--import", "tsx"] : [];
  const child = spawn(command.program, [...loader, ...command.args], {
    env: { ...process.env, PORT: "0", ...env },
    stdio: ["ignore", "pipe", "inherit"],
  });
  let output = "";
  const ended = once(child, "close");
  const stop = async (): Promise<string> => {
    child.kill("SIGINT");
    await ended;
    return output;
  };
  return await new Promise((resolve, reject) => {
    child.stdout.on("data", (bytes) => {
      output += bytes;
      const url = /Gateway to \S+ on (\S+)\//.exec(output)?.[1];
      if (url !== undefined) resolve({ url, stop });
    });
    child.once("close", () => reject(new Error(`The gateway did not start: ${output}`)));
  });
}

describe("examples/gateway.ts", () => {
  let origin: Server;
  let target = "";
  const hosts: (string | undefined)[] = [];

  before(async () => {
    origin = createServer((request, response) => {
      hosts.push(request.headers.host);
      request.setEncoding("utf8");
      let body = "";
      request.on("data", (text) => {
        body += text;
      });
      request.on("end", () => response.end(`${request.method} ${request.url} ${body}`));
    });
    // Announced, so that the POST takes the connection of the GET however long the machine stands still between them.
    origin.keepAliveTimeout = 600_000;
    await new Promise<void>((resolve) => origin.listen(0, "127.0.0.1", resolve));
    target = `http://127.0.0.1:${(origin.address() as AddressInfo).port}`;
  });

  after(() => {
    origin.closeAllConnections();
    origin.close();
  });

  it("passes requests on, shows its pool, and ends with Ctrl-C", PATIENT, async () => {
    const gateway = await start("../../examples/gateway.ts", [target], {});
    try {
      const got = await fetch(`${gateway.url}//evil.test/a?b=c`);
      // Bun makes one slash of two.
      assertMatch(await got.text(), /^GET \/+evil\.test\/a\?b=c $/);
      assertMatch(got.headers.get("server-timing") ?? "", /^queue;dur=/);
      const posted = await fetch(`${gateway.url}/p`, { method: "POST", body: "hello" });
      assertEquals(await posted.text(), "POST /p hello");
      assertEquals(new Set(hosts), new Set([new URL(target).host]));
      const stats = await (await fetch(`${gateway.url}/_pool/stats`)).json();
      assertEquals([stats.requests, stats.reused], [2, 1]);
      assertStringIncludes(await (await fetch(`${gateway.url}/_pool`)).text(), "<!doctype html>");
    } finally {
      assertMatch(await gateway.stop(), /Closed\.$/m);
    }
  });

  it("is what npm start -- --serve serves, and puts the page behind a password", PATIENT, async () => {
    const gateway = await start("../../bench/main-job/main.ts", ["--serve", target], {
      POOL_PASSWORD: "x y",
    });
    try {
      assertEquals(await (await fetch(`${gateway.url}/a`)).text(), "GET /a ");
      assertEquals((await fetch(`${gateway.url}/_pool/stats`)).status, 401);
      const authorization = `Basic ${btoa("pool:x y")}`;
      const shown = await fetch(`${gateway.url}/_pool/stats`, { headers: { authorization } });
      assertEquals([shown.status, (await shown.json()).requests], [200, 1]);
    } finally {
      assertMatch(await gateway.stop(), /Closed\.$/m);
    }
  });
});
