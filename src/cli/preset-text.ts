/** Explain: a preset in words and numbers, and how it gets along with a server. */

import { formatMs } from "../contract/duration.ts";
import type { PoolOptions } from "../options/options.ts";
import { resolveOptions } from "../options/resolve.ts";
import { configuredRules } from "../pool/configured-rules.ts";
import { PRESET } from "../rules/preset-info.ts";
import type { Announcement, ServerPreset } from "../rules/server-side.ts";
import { comparisonResult, consequence, recommendation } from "./advice.ts";
import { CLIENTS, find, SERVERS } from "./catalog.ts";
import { announcementOf, compareIdleTimes, idleMsAfter } from "./idle-comparison.ts";
import { UsageError } from "./usage-error.ts";

/**
 * What `holdfast explain <name> [--against <server>]` prints.
 *
 * @throws {UsageError} for a name that no preset has.
 */
export function presetText(name: string, against: string | undefined): string {
  if (Object.hasOwn(SERVERS, name)) {
    if (against === undefined) return serverText(find(SERVERS, name, "server preset")());
    throw new UsageError(`--against needs a client preset before it: ${name} is a server`);
  }
  const make = find({ ...CLIENTS, ...SERVERS }, name, "preset");
  const client: PoolOptions = make();
  const parts = [clientText(client)];
  if (against !== undefined)
    parts.push(comparisonText(name, client, find(SERVERS, against, "server preset")()));
  return parts.join("\n");
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
    `It says ${quoted(announcementOf(server))}.`,
    "",
  ].join("\n");
}

function comparisonText(name: string, client: PoolOptions, server: ServerPreset): string {
  const found = compareIdleTimes(client, server);
  return [
    `Against ${titleOf(server)}, which says ${quoted(found.announced)}:`,
    comparisonResult(found),
    consequence(client),
    recommendation(name, found),
    "",
  ].join("\n");
}

function heading(preset: PoolOptions | ServerPreset): string[] {
  return [titleOf(preset), `Source: ${preset[PRESET]?.source}`];
}

function titleOf(preset: PoolOptions | ServerPreset): string {
  const { system, versions } = preset[PRESET] ?? {};
  return `${system} (${versions})`;
}

/** Responses by which the readers of `Keep-Alive` can be told apart. */
const SAMPLES: readonly (string | undefined)[] = [undefined, "timeout=5", "timeout=60", "timeout=0"];

/** Idle times after some responses, or the one that holds for all. */
function idleTimes(client: PoolOptions): string {
  const times = SAMPLES.map((keepAlive) => kept(idleMsAfter(client, keepAlive)));
  if (new Set(times).size === 1) return `${times[0]}, whatever the server says`;
  return SAMPLES.map(
    (keepAlive, at) =>
      `${times[at]} ${keepAlive === undefined ? "if the server says nothing" : `after ${keepAlive}`}`,
  ).join(", ");
}

function kept(ms: number): string {
  if (ms === 0) return "not at all";
  return ms === Infinity ? "for ever" : formatMs(ms);
}

function quoted({ connection, keepAlive }: Announcement): string {
  const fields = [
    connection === undefined ? "" : `"Connection: ${connection}"`,
    keepAlive === undefined ? "" : `"Keep-Alive: ${keepAlive}"`,
  ].filter((field) => field !== "");
  return fields.length === 0 ? "nothing" : fields.join(" and ");
}

/** Rows whose cells stand under each other. */
function columns(rows: readonly (readonly string[])[]): string[] {
  const widths = (rows[0] ?? []).map((_, at) => Math.max(...rows.map((row) => row[at]?.length ?? 0)));
  return rows.map((row) =>
    row
      .map((cell, at) => cell.padEnd((widths[at] ?? 0) + 2))
      .join("")
      .trimEnd(),
  );
}
