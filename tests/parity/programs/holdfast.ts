/** Holdfast with one preset. The argument names it, and the directives for the settings that cases change. */

import process from "node:process";
import { createPool, type PoolOptions, type ProxyOptions, presets } from "../../../mod.ts";
import type { Tune } from "../schedule.ts";
import { BODY, serveCases } from "./protocol.ts";

export interface PresetChoice {
  readonly preset: string;
  /** Directives for all cases. */
  readonly given: Readonly<Record<string, string | number | boolean>>;
  /** Directives by the names that cases use. */
  readonly names: Readonly<Partial<Record<keyof Tune, string>>>;
  readonly proxied: "shared" | "origin" | undefined;
}

const choice: PresetChoice = JSON.parse(process.argv[2] ?? "");
const { given, names, proxied } = choice;
const preset = presets[choice.preset as keyof typeof presets] as unknown as (given: object) => PoolOptions;

serveCases("holdfast", (tune, port) => {
  const options = preset({ ...given, ...directivesOf(tune) });
  const pool = createPool(proxied === undefined ? options : { ...options, proxy: proxyAt(port, proxied) });
  return {
    async send(method, url) {
      const body = method === "POST" || method === "PUT" ? BODY : undefined;
      const response = await pool.fetch(url, { method, ...(body && { body }), redirect: "manual" });
      await response.arrayBuffer();
      return response.status;
    },
    close: () => pool.close({ timeout: 0 }),
  };
});

function proxyAt(port: string, pooling: "shared" | "origin"): ProxyOptions {
  return { url: `http://127.0.0.1:${port}`, pooling };
}

function directivesOf(tune: Tune): Record<string, number> {
  return Object.fromEntries(
    Object.entries(tune).map(([word, value]) => [names[word as keyof Tune] ?? word, value]),
  );
}
