/** Tables: the current counts, the origins, and the reasons for which connections were retired. */

import { HISTORY_MS, type OriginRow, type Totals } from "../src/hono/status/protocol.ts";
import { byId, element, fillChildren, setText } from "./dom.ts";
import { count, duration, share } from "./format.ts";
import type { Lane, Model } from "./model.ts";

/** Fills every table of the page. */
export function fillTables(model: Model): void {
  const { totals } = model;
  if (totals === undefined) return;
  fillTotals(totals);
  fillOrigins(model);
  fillReasons(model, totals);
}

function fillTotals(totals: Totals): void {
  const { open, active, idle, connecting, streams, queued } = totals;
  const { requests, reused, opened, retries, failures } = totals;
  const shown = [
    ["Open", count(open)],
    ["Active", count(active)],
    ["Idle", count(idle)],
    ["Connecting", count(connecting)],
    ["Under way", count(streams)],
    ["Queued", count(queued)],
    ["Requests", count(requests)],
    ["Reused", share(reused, requests)],
    ["Opened", count(opened)],
    ["Sent again", count(retries)],
    ["Failed", count(failures)],
  ] as const;
  const make = () => {
    const pair = element("div");
    pair.append(element("dt"), element("dd"));
    return pair;
  };
  fillChildren(byId("totals"), shown, make, (pair, [name, value]) => {
    setText(pair.firstElementChild, name);
    setText(pair.lastElementChild, value);
  });
}

function fillOrigins({ origins, originCount }: Model): void {
  fillRows("origins", origins.map(originCells));
  const more = originCount - origins.length;
  setText(byId("more-origins"), more > 0 ? `And ${count(more)} more that do less.` : "");
  fillChoice(byId<HTMLSelectElement>("origin"), ["", ...origins.map(({ origin }) => origin)]);
}

/**
 * Fills the list of origins to choose from. The selected one stays, even if it is no longer listed. Unchanged options are
 * left alone, so that a user can have the list open meanwhile.
 */
function fillChoice(select: HTMLSelectElement, origins: readonly string[]): void {
  const listed = [...select.options].map(({ value }) => value);
  for (const option of [...select.options]) {
    if (!origins.includes(option.value) && !option.selected) option.remove();
  }
  for (const origin of origins) {
    if (!listed.includes(origin)) select.append(element("option", origin, { value: origin }));
  }
}

function originCells(row: OriginRow): string[] {
  const { origin, open, active, idle, queued, requests, reused, retries, failures } = row;
  const numbers = [open, active, idle, queued, requests].map(count);
  const limits = [row.configured, row.announced ?? "–", row.learned ?? "–"];
  return [
    origin,
    ...numbers,
    share(reused, requests),
    count(retries),
    count(failures),
    ...limits,
    mostRetired(row),
  ];
}

/** The two most frequent reasons for which connections were retired. */
function mostRetired({ retired }: OriginRow): string {
  const reasons = Object.entries(retired).sort(([, a], [, b]) => b - a);
  return reasons
    .slice(0, 2)
    .map(([reason, times]) => `${reason} ${count(times)}`)
    .join(", ");
}

function fillReasons(model: Model, { retired }: Totals): void {
  const recent = model.recentlyRetired();
  const reasons = Object.entries(retired).sort(([, a], [, b]) => b - a);
  const cells = reasons.map(([reason, times]) => [
    reason,
    count(recent.get(reason as never) ?? 0),
    count(times),
  ]);
  fillRows("reasons", cells);
}

function fillRows(table: string, rows: readonly (readonly string[])[]): void {
  const body = byId<HTMLTableElement>(table).tBodies[0];
  if (body === undefined) return;
  const make = () => element("tr");
  fillChildren(body, rows, make, (row, cells) => {
    const makeCell = () => (row.children.length === 0 ? element("th", "", { scope: "row" }) : element("td"));
    fillChildren(row, cells, makeCell, setText);
  });
}

/** Fills the details of the selected connection. */
export function fillDetails(lane: Lane | undefined, now: number): void {
  const place = byId("details");
  if (lane === undefined) {
    if (place.dataset.lane !== undefined)
      place.replaceChildren(element("p", "This connection is no longer shown."));
    delete place.dataset.lane;
    return;
  }
  place.dataset.lane = String(lane.id);
  const { id, origin, remoteAddress, openedAt, end, state, streams, requests, protocol } = lane;
  const carries = streams === undefined ? "" : ` and carries ${count(streams)} requests`;
  const lines = [
    `${protocol === undefined ? "Connection" : "HTTP/2 connection"} ${id} to ${origin}${remoteAddress === undefined ? "" : ` (${remoteAddress})`}`,
    `${count(requests)} ${requests === 1 ? "request" : "requests"}, opened ${duration(now - openedAt)} ago, ${activity(lane, now)}`,
    end === undefined
      ? `It is ${state}${carries}.`
      : `It ended after ${duration(end[0] - openedAt)}: ${end[1]}.`,
  ];
  fillChildren(place, lines, () => element("p"), setText);
}

function activity({ bars, end }: Lane, now: number): string {
  const last = bars.at(-1);
  if (end !== undefined) return `closed ${duration(now - end[0])} ago`;
  if (last === undefined) return `no request within ${duration(HISTORY_MS)}`;
  return last[2] < 0 ? "a request is under way" : `idle for ${duration(now - last[2])}`;
}
