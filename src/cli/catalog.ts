/** Catalog: the presets for clients and for servers, by name. */

import { excerpt } from "../contract/excerpt.ts";
import { nearest } from "../contract/nearest.ts";
import type { PoolOptions } from "../options/options.ts";
import type { ClientPreset } from "../presets/client-preset.ts";
import * as presets from "../presets/mod.ts";
import { PRESET } from "../rules/preset-info.ts";
import type { ServerPreset } from "../rules/server-side.ts";
import { UsageError } from "./usage-error.ts";

/** Client presets, beginning with Holdfast's own defaults. */
export const CLIENTS: Readonly<Record<string, () => PoolOptions>> = {
  holdfast: holdfastDefaults,
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

/** A preset that sets nothing. */
function holdfastDefaults(): ClientPreset {
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
 * The preset of this name.
 *
 * @param what The kind of preset, for the error.
 * @param others Further names that may have been meant.
 * @throws {UsageError} for an unknown name; it lists the known ones, and says which is nearest.
 */
export function find<T>(
  presetsByName: Readonly<Record<string, T>>,
  name: string,
  what: string,
  others: readonly string[] = [],
): T {
  const found = Object.hasOwn(presetsByName, name) ? presetsByName[name] : undefined;
  if (found !== undefined) return found;
  const known = [...Object.keys(presetsByName), ...others];
  const meant = nearest(name, known);
  const hint = meant === undefined ? "" : `. Did you mean ${meant}?`;
  throw new UsageError(`Unknown ${what} "${excerpt(name)}": known are ${known.join(", ")}${hint}`);
}
