/** The gateway example on each runtime, and by `npm start -- --serve`, as users run it. */

import { spawn } from "node:child_process";
import { once } from "node:events";
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { after, before, describe, it } from "node:test";
import { assertEquals, assertMatch, assertStringIncludes } from "@std/assert";
import { isNode, scriptCommand } from "../../bench/main-job/runtime.ts";
import { RawClient } from "../hono/support/raw-client.ts";
import { fieldOf, type RawOrigin, startRawOrigin } from "../hono/support/raw-origin.ts";
import { onThisRuntime } from "../support/own-runtime.ts";
import { PATIENT } from "../support/patience.ts";

/** A running gateway. */
interface Gateway {
  readonly url: string;
  /** Sends Ctrl-C. Resolves with everything that it has printed. */
  stop(): Promise<string>;
}

const EXAMPLE = onThisRuntime(new URL("../../examples/gateway.ts", import.meta.url));

/** `npm start -- --serve`, from its sources. */
function npmStart(): string[] {
  const { program, args } = scriptCommand(new URL("../../bench/main-job/main.ts", import.meta.url), [
    "--serve",
  ]);
  // Node 24 alone would resolve the package's name to the built files, so the example needs tsx there.
  const loader = isNode() && !args.includes("tsx") ? ["--import", "tsx"] : [];
  return [program, ...loader, ...args];
}

async function start(
  [program = "", ...args]: readonly string[],
  target: string,
  env: Record<string, string>,
): Promise<Gateway> {
  const child = spawn(program, [...args, target], {
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
    // Announced to the pool, so that the POST reuses the GET's connection even if the machine stalls in between.
    origin.keepAliveTimeout = 600_000;
    await new Promise<void>((resolve) => origin.listen(0, "127.0.0.1", resolve));
    target = `http://127.0.0.1:${(origin.address() as AddressInfo).port}`;
  });

  after(() => {
    origin.closeAllConnections();
    origin.close();
  });

  it("passes requests on, shows its pool, and ends with Ctrl-C", PATIENT, async () => {
    const gateway = await start(EXAMPLE, target, {});
    try {
      const got = await fetch(`${gateway.url}//evil.test/a?b=c`);
      // Bun merges two slashes into one.
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

  it("is served by npm start -- --serve, with the page behind a password", PATIENT, async () => {
    const gateway = await start(npmStart(), target, { POOL_PASSWORD: "x y" });
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

/** Paths that an upstream may read as `/admin`, or as something above its root. */
const DOT_SEGMENTS = [
  "/x/../admin",
  "/x/%2e%2e/admin",
  "/x/%2E%2e/admin",
  "/x/.%2E/admin",
  "/x/..%2fadmin",
  "/x/..%2Fadmin",
  "/x/%2e%2e%2fadmin",
  "/x/..\\admin",
  "/x/..%5cadmin",
  "/x/./admin",
  "/x/..;a=b/admin",
  "/x/../_pool/stats",
  "/..",
] as const;

describe("examples/gateway.ts with a hostile client", () => {
  let origin: RawOrigin;
  let gateway: Gateway;
  let trusting: Gateway;

  before(async () => {
    origin = await startRawOrigin();
    [gateway, trusting] = await Promise.all([
      start(EXAMPLE, origin.url, { POOL_PASSWORD: "sesame" }),
      start(EXAMPLE, origin.url, { BEHIND: "nginx" }),
    ]);
  }, PATIENT);

  after(async () => {
    await Promise.all([gateway.stop(), trusting.stop()]);
    await origin.close();
  }, PATIENT);

  /** Sends one request. Returns the client's status, and the head that the origin received. */
  async function pass(to: Gateway, path: string, ...fields: string[]) {
    origin.heads.length = 0;
    const raw = await RawClient.open(Number(new URL(to.url).port));
    raw.get(path, "1.1", ...fields);
    const { status } = await raw.response();
    raw.abort();
    const head = origin.heads[0];
    const value = (name: string) => (head === undefined ? undefined : fieldOf(head, name));
    return { status, line: head?.line, value };
  }

  for (const path of DOT_SEGMENTS) {
    it(`passes no dot segment on: ${path}`, PATIENT, async () => {
      const { status, line = "" } = await pass(gateway, path);
      // The server may have resolved dot segments before routing.
      const [, seen = "/"] = line.split(" ");
      assertEquals(/\.\.|%2e|\\|%5c/i.test(seen), false, line);
      if (line === "") assertEquals([400, 401].includes(status), true, String(status));
    });
  }

  it("keeps the page's password to itself", PATIENT, async () => {
    const credentials = ["pool:sesame", "pool:sesane", "pool:"].map((text) => btoa(text));
    for (const encoded of credentials) {
      for (const scheme of ["Basic", "basic", "BASIC  "]) {
        const field = `Authorization: ${scheme} ${encoded}`;
        const seen = await pass(gateway, "/a", field);
        assertEquals([seen.status, seen.value("authorization")], [200, undefined], field);
      }
    }
    const inside = await pass(gateway, "/_pool/nowhere", `Authorization: Basic ${btoa("pool:sesame")}`);
    assertEquals([inside.status, inside.line], [404, undefined]);
    assertEquals((await pass(gateway, "/a", "Authorization: Bearer x")).value("authorization"), "Bearer x");
    const other = `Basic ${btoa("alice:x")}`;
    assertEquals((await pass(gateway, "/a", `Authorization: ${other}`)).value("authorization"), other);
  });

  const FORGED = [
    "X-Forwarded-For: 6.6.6.6",
    "X-Forwarded-For: 7.7.7.7",
    "X-Forwarded-Host: evil.test",
    "X-Forwarded-Proto: https",
    "X-Forwarded-Port: 1",
    "X-Real-IP: 6.6.6.6",
    "Forwarded: for=6.6.6.6",
  ] as const;

  it("replaces forged X-Forwarded-* fields", PATIENT, async () => {
    for (const connection of ["keep-alive", "x-forwarded-for, x-forwarded-host, via"]) {
      const { value } = await pass(gateway, "/a", ...FORGED, `Connection: ${connection}`);
      assertEquals(
        ["for", "host", "proto", "port"].map((part) => value(`x-forwarded-${part}`)),
        ["127.0.0.1", "a.test", "http", undefined],
      );
      assertEquals([value("x-real-ip"), value("forwarded")], [undefined, undefined]);
      assertEquals(value("via"), "1.1 holdfast-gateway");
    }
  });

  it(
    "trusts the X-Forwarded-* fields of a configured load balancer, and adds its peer",
    PATIENT,
    async () => {
      const { value } = await pass(trusting, "/a", ...FORGED);
      assertEquals(value("x-forwarded-for"), "7.7.7.7, 127.0.0.1");
      assertEquals([value("x-forwarded-host"), value("x-forwarded-proto")], ["evil.test", "https"]);
    },
  );
});
