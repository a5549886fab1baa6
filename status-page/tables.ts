/** Tables: the verdict, the current counts, the origins, and the reasons for which connections were retired. */

import type { OriginRow, Totals } from "../src/hono/status/protocol.ts";
import { byId, element, fillChildren, setText } from "./dom.ts";
import { count, countOf, share } from "./format.ts";
import type { Model } from "./model.ts";
import { reasonText } from "./reason-texts.ts";
import { verdict } from "./verdict.ts";

/** Fills every table of the page. */
export function fillTables(model: Model): void {
  const { totals } = model;
  if (totals === undefined) return;
  fillVerdict(model, totals);
  fillTotals(totals);
  fillOrigins(model);
  fillReasons(model, totals);
}

function fillVerdict({ origins, history }: Model, totals: Totals): void {
  const { tone, headline, findings } = verdict({ totals, origins, history: history.values() });
  byId("verdict").dataset.tone = tone;
  setText(byId("headline"), headline);
  fillChildren(
    byId("findings"),
    findings,
    () => element("li"),
    (item, { tone, text }) => {
      (item as HTMLElement).dataset.tone = tone;
      setText(item, text);
    },
  );
}

function fillTotals(totals: Totals): void {
  const { open, active, idle, connecting, streams, queued } = totals;
  const { requests, reused, opened, retries, failures } = totals;
  const shown = [
    ["Open", count(open), `${count(active)} active, ${count(idle)} idle`],
    ["Under way", count(streams), connecting > 0 ? `${count(connecting)} connecting` : ""],
    ["Waiting", count(queued), ""],
    ["Requests", count(requests), `on ${countOf(opened, "connection")}`],
    ["Reused", share(reused, requests), ""],
    ["Sent again", count(retries), ""],
    ["Failed", count(failures), ""],
  ] as const;
  const make = () => {
    const pair = element("div");
    pair.append(element("dt"), element("dd"), element("dd", "", { class: "more" }));
    return pair;
  };
  fillChildren(byId("totals"), shown, make, (pair, [name, value, more]) => {
    setText(pair.children[0], name);
    setText(pair.children[1], value);
    setText(pair.children[2], more);
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
  const { origin, open, active, queued, requests, reused, retries, failures } = row;
  return [
    origin,
    active > 0 ? `${count(open)}, ${count(active)} active` : count(open),
    count(queued),
    count(requests),
    share(reused, requests),
    count(retries),
    count(failures),
    idleLimit(row),
    mostRetired(row),
  ];
}

/** The limit that decides, and from where it is. */
function idleLimit({ configured, announced, learned }: OriginRow): string {
  if (learned !== undefined) return `${learned}, learned`;
  return announced === undefined ? configured : `${announced}, announced`;
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
  byId("no-reasons").hidden = reasons.length > 0;
  byId("reasons").hidden = reasons.length === 0;
  const cells = reasons.map(([reason, times]) => [
    reason,
    reasonText(reason),
    count(recent.get(reason as never) ?? 0),
    count(times),
  ]);
  fillRows("reasons", cells);
}

/** On a narrow screen a row is a card, and each cell shows the head of its column. The roles keep it a table. */
function fillRows(id: string, rows: readonly (readonly string[])[]): void {
  const table = byId<HTMLTableElement>(id);
  const body = table.tBodies[0];
  if (body === undefined) return;
  const heads = [...(table.tHead?.rows[0]?.cells ?? [])].map(({ textContent }) => textContent ?? "");
  giveRoles(table);
  fillChildren(
    body,
    rows,
    () => element("tr", "", { role: "row" }),
    (row, cells) => {
      const makeCell = () => {
        const attributes = { "data-head": heads[row.children.length] ?? "" };
        if (row.children.length > 0) return element("td", "", { role: "cell", ...attributes });
        return element("th", "", { role: "rowheader", scope: "row", ...attributes });
      };
      fillChildren(row, cells, makeCell, setText);
    },
  );
}

const ROLES = {
  TABLE: "table",
  THEAD: "rowgroup",
  TBODY: "rowgroup",
  TR: "row",
  TH: "columnheader",
} as const;

/** Some browsers take a table that is laid out as cards for no table. */
function giveRoles(table: HTMLTableElement): void {
  if (table.role !== null) return;
  for (const part of [table, ...table.querySelectorAll("thead, tbody, tr, th")])
    part.setAttribute("role", ROLES[part.tagName as keyof typeof ROLES]);
}
