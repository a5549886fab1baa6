/** The HTTP/2 side of the presets, held against the programs that are installed here. */

import { existsSync, mkdtempSync, rmSync } from "node:fs";
import * as http2 from "node:http2";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import process from "node:process";
import { after, describe, it } from "node:test";
import { fileURLToPath } from "node:url";
import { getRequestListener } from "@hono/node-server";
import { assertEquals, assertGreater } from "@std/assert";
import { Hono } from "hono";
import { PRESET, type PresetInfo, presets } from "../mod.ts";
import { keepAlive } from "../src/hono/mod.ts";
import { RawHttp2Client } from "./hono/support/raw-http2-client.ts";
import { announcedByClient, announcedByServer, run } from "./parity/http2/announced.ts";
import { startNginx } from "./parity/http2/nginx.ts";
import { find } from "./parity/systems/tools.ts";
import { PATIENT } from "./support/patience.ts";

const isNode = !("Deno" in globalThis || "Bun" in globalThis);
const hasNginx = find("nginx") !== undefined;
const nodeMajor = Number.parseInt(process.versions.node, 10);

/** The windows and, of a server, the streams that its preset names. */
function factsOf(preset: { readonly [PRESET]?: PresetInfo }, isServer: boolean) {
  const { maxStreams, streamWindow, connectionWindow } = preset[PRESET]?.http2 ?? {};
  return { ...(isServer ? { maxStreams } : {}), streamWindow, connectionWindow };
}

describe("the HTTP/2 side of a server preset", () => {
  it("has what nginx announces", { ...PATIENT, skip: !hasNginx }, async () => {
    const server = await startNginx("");
    const announced = await announcedByServer(server?.port ?? 0);
    await server?.close();
    assertEquals<unknown>(announced, factsOf(presets.nginx(), true));
  });

  it("has what node:http2 announces", { ...PATIENT, skip: !isNode }, async () => {
    const server = http2.createServer();
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", () => resolve()));
    const announced = await announcedByServer((server.address() as AddressInfo).port);
    server.close();
    assertEquals<unknown>(announced, factsOf(presets.nodeServer(), true));
  });
});

describe("the HTTP/2 side of a client preset", () => {
  it("has the windows of undici", { ...PATIENT, skip: !isNode || nodeMajor < 22 }, async () => {
    const { Agent, fetch } = await import("undici");
    const dispatcher = new Agent({ allowH2: true, connect: { rejectUnauthorized: false } });
    const announced = await announcedByClient((url) => {
      fetch(url, { dispatcher }).catch(() => {}); // the server gives no answer
      return () => dispatcher.destroy();
    });
    const { maxStreams: _, ...windows } = announced;
    assertEquals<unknown>(windows, factsOf(presets.undici(), false));
  });

  const program = (name: string): string =>
    fileURLToPath(new URL(`./parity/programs/${name}`, import.meta.url));
  const found = (...files: string[]): string | undefined =>
    files
      .map((file) => find(file) ?? (existsSync(file) ? file : undefined))
      .find((file) => file !== undefined);
  const profile = mkdtempSync(join(tmpdir(), "holdfast-chromium-"));
  after(() => rmSync(profile, { recursive: true, force: true, maxRetries: 30, retryDelay: 100 }));

  const go = found("go", "/usr/local/go/bin/go");
  const jar = found("/usr/share/java/okhttp.jar");
  const chromium = [
    "--headless",
    "--no-sandbox",
    "--ignore-certificate-errors",
    `--user-data-dir=${profile}`,
  ];
  const rows: readonly [name: string, command: (string | undefined)[], preset: { [PRESET]?: PresetInfo }][] =
    [
      ["Go", [go, "run", program("go-http2/main.go")], presets.go()],
      [
        "OkHttp",
        [jar && find("java"), "-cp", `${jar}:/usr/share/java/okio.jar`, program("SquareHttp2.java")],
        presets.okHttp(),
      ],
      ["Chromium", [find("chromium"), ...chromium], presets.chrome()],
    ];
  for (const [name, [file, ...args], preset] of rows) {
    it(`has the windows of ${name}`, { ...PATIENT, skip: !isNode || file === undefined }, async () => {
      const command = [file ?? "", ...args.map(String)];
      const { maxStreams: _, ...windows } = await announcedByClient(run(command));
      assertEquals<unknown>(windows, factsOf(preset, false));
    });
  }
});

/** What a server does with a limit, as a client sees it. */
interface Ending {
  readonly answered: number[];
  readonly lastStream: number | undefined;
}

/** Sends requests one after the other until GOAWAY comes. */
async function untilGoaway(port: number): Promise<Ending> {
  const client = await RawHttp2Client.open(port);
  while (client.goaways.length === 0) {
    const [stream = 0] = client.get("/");
    await client.until(({ answered, closed }) => answered.includes(stream) || closed, "an answer");
    // GOAWAY may come behind the answer.
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
  await client.until(({ closed }) => closed, "the end of the connection");
  return { answered: client.answered, lastStream: client.goaways[0] };
}

/** Sends one request and waits. Returns how long the connection stayed open, too. */
async function untilIdleEnd(port: number): Promise<readonly [Ending, number]> {
  const client = await RawHttp2Client.open(port);
  const since = performance.now();
  client.get("/");
  await client.until(({ closed }) => closed, "the end of the connection");
  return [{ answered: client.answered, lastStream: client.goaways[0] }, performance.now() - since];
}

describe("keepAlive() with nginx's preset over HTTP/2", () => {
  const IDLE_MS = 600;
  const EARLY_MS = 100;

  async function both<T>(
    directives: presets.NginxDirectives,
    text: string,
    visit: (port: number) => Promise<T>,
  ): Promise<[nginx: T, ours: T]> {
    const nginx = await startNginx(text);
    const app = new Hono();
    app.use(keepAlive(presets.nginx(directives)));
    app.get("/", (c) => c.text("ok"));
    const server = http2.createServer(getRequestListener(app.fetch, { overrideGlobalObjects: false }));
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", () => resolve()));
    try {
      return await Promise.all([visit(nginx?.port ?? 0), visit((server.address() as AddressInfo).port)]);
    } finally {
      server.close();
      await nginx?.close();
    }
  }

  it("ends a connection at keepalive_requests as nginx does", { ...PATIENT, skip: !hasNginx }, async () => {
    const [nginx, ours] = await both({ keepaliveRequests: 3 }, "keepalive_requests 3;", untilGoaway);
    assertEquals([nginx, ours], [nginx, nginx]);
    assertEquals(nginx.lastStream, 5);
  });

  it("ends an idle connection at keepalive_timeout as nginx does", {
    ...PATIENT,
    skip: !hasNginx,
  }, async () => {
    const text = `keepalive_timeout ${IDLE_MS}ms;`;
    const [nginx, ours] = await both({ keepaliveTimeout: IDLE_MS }, text, untilIdleEnd);
    assertEquals(ours[0], nginx[0]);
    for (const [, ms] of [nginx, ours]) assertGreater(ms, IDLE_MS - EARLY_MS);
  });
});
