/** The `keepAlive()` middleware under @hono/node-server. The arguments are the server preset and the setups. */

import process from "node:process";
import { serve } from "@hono/node-server";
import { Hono } from "hono";
import { presets } from "../../../mod.ts";
import { keepAlive } from "../../../src/hono/mod.ts";
import type { ServerPreset } from "../../../src/rules/server-side.ts";
import type { Setups } from "../servers/listed.ts";
import type { SetupName } from "../servers/server-system.ts";

const [, , name = "", given = ""] = process.argv;
const setups: Setups = JSON.parse(given);
const preset = presets[name as keyof typeof presets] as unknown as (given: object) => ServerPreset;

const ports = Object.entries(setups).map(async ([setup, directives]) => {
  const app = new Hono();
  app.use(keepAlive(preset(directives)));
  app.get("/", (c) => c.text("ok"));
  const port = await new Promise<number>((resolve) => {
    serve({ fetch: app.fetch, port: 0, hostname: "127.0.0.1" }, (address) => resolve(address.port));
  });
  return [setup as SetupName, port] as const;
});

console.log(JSON.stringify({ version: "hono", ports: Object.fromEntries(await Promise.all(ports)) }));
process.stdin.on("end", () => process.exit(0)).resume();
