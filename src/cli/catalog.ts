/** Catalog: every preset by its name, those for clients and those for servers. */

import { excerpt } from "../contract/excerpt.ts";
import type { PoolOptions } from "../options/options.ts";
import type { ClientPreset } from "../presets/client-preset.ts";
import * as presets from "../presets/mod.ts";
import { PRESET } from "../rules/preset-info.ts";
import type { ServerPreset } from "../rules/server-side.ts";
import { UsageError } from "./usage-error.ts";

/** Client presets, with Holdfast's own rules first. */
export const CLIENTS: Readonly<Record<string, () => PoolOptions>> = {
  holdfast: ownDefaults,
  apacheHttpClient4: presets.apacheHttpClient4,
  apacheHttpClient5: presets.apacheHttpClient5,
  bunFetch: presets.bunFetch,
  chrome: presets.chrome,
  curl: presets.curl,
  denoFetch: presets.denoFetch,
  go: presets.go,
  jdk: presets.jdk,
  jdkHttpClient: presets.jdkHttpClient,
  nginxUpstream: presets.nginxUpstream,
  nodeAgent: presets.nodeAgent,
  okHttp: presets.okHttp,
  reqwest: presets.reqwest,
  undici: presets.undici,
};

/** Server presets. */
export const SERVERS: Readonly<Record<string, () => ServerPreset>> = {
  envoy: presets.envoy,
  haproxy: presets.haproxy,
  httpd: presets.httpd,
  nginx: presets.nginx,
  nodeServer: presets.nodeServer,
  tomcat: presets.tomcat,
};

/** What Holdfast does where nothing is set. */
function ownDefaults(): ClientPreset {
  return {
    [PRESET]: {
      name: "holdfast",
      system: "Holdfast",
      versions: "this one",
      source: "its defaults",
      options: {},
    },
  };
}

/**
 * One of the presets.
 *
 * @throws {UsageError} that names those there are.
 */
export function find<T>(presetsByName: Readonly<Record<string, T>>, name: string, what: string): T {
  const found = Object.hasOwn(presetsByName, name) ? presetsByName[name] : undefined;
  if (found !== undefined) return found;
  throw new UsageError(
    `Unknown ${what} "${excerpt(name)}": known are ${Object.keys(presetsByName).join(", ")}`,
  );
}
