/** Preset text: what `holdfast explain` prints: the rules of a preset, and how it does against a server. */

import { formatMs } from "../contract/duration.ts";
import type { PoolOptions } from "../options/options.ts";
import { resolveOptions } from "../options/resolve.ts";
import { configuredRules } from "../pool/configured-rules.ts";
import { BALANCER_NAMES, type BalancerName } from "../presets/balancers.ts";
import { PRESET } from "../rules/preset-info.ts";
import type { Announcement, ServerPreset } from "../rules/server-side.ts";
import { consequence, recommendation, whoIsFirst } from "./advice.ts";
import { balancerText, behindText } from "./balancer-text.ts";
import { CLIENTS, find, SERVERS } from "./catalog.ts";
import { columns } from "./columns.ts";
import { http2Rows } from "./http2-text.ts";
import { announcementOf, compareIdleTimes, idleMsAfter } from "./idle-comparison.ts";
import { UsageError } from "./usage-error.ts";

/**
 * What `holdfast explain <name> [--against <server>]` prints. Some names mean a server preset and a load balancer: both
 * are printed.
 *
 * @throws {UsageError} for a name that neither a preset nor a load balancer has.
 */
export function presetText(name: string, against: string | undefined): string {
  const balancer = BALANCER_NAMES.find((known) => known === name);
  if (against !== undefined && balancer !== undefined) return balancerAgainst(balancer, against);
  if (Object.hasOwn(SERVERS, name)) {
    if (against !== undefined) {
      throw new UsageError(
        `--against needs a client preset or a load balancer before it: ${name} is a server`,
      );
    }
    const server = serverText(find(SERVERS, name, "server preset")());
    return balancer === undefined ? server : `${server}\n${balancerText(balancer)}`;
  }
  if (balancer !== undefined) return balancerText(balancer);
  const client: PoolOptions = find({ ...CLIENTS, ...SERVERS }, name, "preset", BALANCER_NAMES)();
  const parts = [clientText(client)];
  if (against !== undefined)
    parts.push(comparisonText(name, client, find(SERVERS, against, "server preset")()));
  return parts.join("\n");
}

function balancerAgainst(name: BalancerName, against: string): string {
  const server = find(SERVERS, against, "server preset")();
  return [balancerText(name), behindText(name, titleOf(server), server)].join("\n");
}

function clientText(client: PoolOptions): string {
  const rules = configuredRules(resolveOptions(client)).map(
    ({ rule, value, source }) => [rule, value, source] as const,
  );
  return [
    ...heading(client),
    "",
    ...columns(rules),
    "",
    `An idle connection is kept: ${idleTimes(client)}.`,
    "",
    ...http2Lines(client),
  ].join("\n");
}

function serverText(server: ServerPreset): string {
  const { rules } = resolveOptions(server);
  const limits = [
    ["idleTimeout", formatMs(rules.idleTimeoutMs)],
    ["maxRequests", rules.maxRequests === Infinity ? "off" : String(rules.maxRequests)],
    ["maxLifetime", formatMs(rules.maxLifetimeMs)],
  ] as const;
  return [
    ...heading(server),
    "",
    ...columns(limits),
    "",
    `It says ${quotedFields(announcementOf(server))}.`,
    "",
    ...http2Lines(server),
  ].join("\n");
}

function comparisonText(name: string, client: PoolOptions, server: ServerPreset): string {
  const found = compareIdleTimes(client, server);
  return [
    `Against ${titleOf(server)}, which says ${quotedFields(found.announced)}:`,
    whoIsFirst(found),
    consequence(client),
    recommendation(name, found),
    "",
  ].join("\n");
}

/** What the preset's system does over HTTP/2, where it is known. */
function http2Lines(preset: PoolOptions | ServerPreset): string[] {
  const info = preset[PRESET]?.http2;
  return info === undefined ? [] : ["Over HTTP/2:", ...columns(http2Rows(info)), ""];
}

function heading(preset: PoolOptions | ServerPreset): string[] {
  return [titleOf(preset), `Source: ${preset[PRESET]?.source}`];
}

function titleOf(preset: PoolOptions | ServerPreset): string {
  const { system, versions } = preset[PRESET] ?? {};
  return `${system} (${versions})`;
}

/** `Keep-Alive` fields that show how a client reads them; `undefined` is a response without one. */
const SAMPLES: readonly (string | undefined)[] = [undefined, "timeout=5", "timeout=60", "timeout=0"];

/** The idle time after each of the samples, or once where all are equal. */
function idleTimes(client: PoolOptions): string {
  const times = SAMPLES.map((keepAlive) => idleWords(idleMsAfter(client, keepAlive)));
  if (new Set(times).size === 1) return `${times[0]}, whatever the server says`;
  return SAMPLES.map(
    (keepAlive, at) =>
      `${times[at]} ${keepAlive === undefined ? "if the server says nothing" : `after ${keepAlive}`}`,
  ).join(", ");
}

function idleWords(ms: number): string {
  if (ms === 0) return "not at all";
  return ms === Infinity ? "for ever" : formatMs(ms);
}

function quotedFields({ connection, keepAlive }: Announcement): string {
  const fields = [
    connection === undefined ? "" : `"Connection: ${connection}"`,
    keepAlive === undefined ? "" : `"Keep-Alive: ${keepAlive}"`,
  ].filter((field) => field !== "");
  return fields.length === 0 ? "nothing" : fields.join(" and ");
}
