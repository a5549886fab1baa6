/**
 * Lanes view: the grid of connections. Only visible rows are elements, and the bars of all of them are drawn on one
 * canvas, so a thousand lanes cost as much as forty. On a narrow screen the timeline is a line of its own in each row.
 */

import { drawAxis, drawLane } from "./bars.ts";
import { byId, cleared, element, fillChildren, setText } from "./dom.ts";
import { count, countOf, duration } from "./format.ts";
import type { Lane, LaneFilter, Model } from "./model.ts";
import { Overview } from "./overview.ts";
import type { Theme } from "./theme.ts";

const ROW_PX = 26;
const COMPACT_ROW_PX = 9;
const NARROW_ROW_PX = 52;

/** In a narrow row the timeline is below the facts. */
const NARROW_FACTS_PX = 24;
const HEAD_PX = 28;

/** As in lanes.css. */
const narrow = matchMedia("(max-width: 48rem)");

/** Spans that fit the data, from which the shortest is taken that shows all of it. */
const FITTING_SPANS_MS = [2000, 5000, 15_000, 30_000, 60_000, 120_000, 300_000] as const;

/** Rows kept above and below the visible ones, for scrolling. */
const SPARE_ROWS = 3;

/** Which lanes the view shows, and how. */
export interface LanesOptions extends LaneFilter {
  /** What the timeline shows, in ms; 0: what the data needs. */
  readonly spanMs: number;
  readonly compact: boolean;
}

/** The grid of connections. */
export class LanesView {
  readonly #model: Model;
  readonly #viewport: HTMLElement;
  readonly #grid: HTMLElement = byId("grid");
  readonly #rows: HTMLElement = byId("rows");
  readonly #bars: HTMLCanvasElement = byId<HTMLCanvasElement>("bars");
  readonly #overview: Overview;
  readonly #onSelect: (lane: Lane | undefined) => void;
  #options: LanesOptions;
  #lanes: readonly Lane[] = [];
  #spanMs = FITTING_SPANS_MS[0] as number;

  constructor(model: Model, options: LanesOptions, onChoose: (lane: Lane | undefined) => void) {
    this.#model = model;
    this.#options = options;
    this.#onSelect = onChoose;
    this.#viewport = this.#grid.parentElement as HTMLElement;
    this.#grid.addEventListener("keydown", (event) => this.#key(event));
    this.#rows.addEventListener("click", (event) => this.#clicked(event));
    this.#overview = new Overview((share) => {
      const middle = this.#viewport.clientHeight / 2;
      this.#viewport.scrollTop = share * this.#lanes.length * this.#rowPx - middle;
    });
    narrow.addEventListener("change", () => this.refresh());
  }

  get #rowPx(): number {
    if (this.#options.compact) return COMPACT_ROW_PX;
    return narrow.matches ? NARROW_ROW_PX : ROW_PX;
  }

  /** Changes which lanes are shown, and how. */
  show(options: LanesOptions): void {
    this.#options = options;
    this.#grid.classList.toggle("compact", options.compact);
    this.refresh();
  }

  /** Reads the lanes from the model again. */
  refresh(): void {
    this.#lanes = this.#model.select(this.#options);
    this.#rows.style.height = `${this.#lanes.length * this.#rowPx}px`;
    this.#grid.setAttribute("aria-rowcount", String(this.#lanes.length + 1));
    const { hidden } = this.#model;
    const beyond = hidden > 0 ? `, and ${count(hidden)} more that have no lane` : "";
    setText(byId("shown"), `${countOf(this.#lanes.length, "connection")}${beyond}`);
    this.#onSelect(this.#model.chosen);
  }

  /** What the lanes in view need. */
  #fittingSpan(): number {
    const first = Math.floor(this.#viewport.scrollTop / this.#rowPx);
    const rows = Math.ceil(this.#viewport.clientHeight / this.#rowPx);
    const reach = this.#model.reach(this.#lanes.slice(first, first + rows));
    return FITTING_SPANS_MS.find((span) => span >= reach) ?? FITTING_SPANS_MS[6];
  }

  /** Draws the rows, the bars and the overview. */
  draw(theme: Theme): void {
    this.#spanMs = this.#options.spanMs || this.#fittingSpan();
    this.#fillRows();
    this.#drawBars(theme);
    const { scrollTop, clientHeight } = this.#viewport;
    const total = this.#lanes.length * this.#rowPx;
    const shown = { from: scrollTop / total, share: (clientHeight - HEAD_PX) / total };
    this.#overview.draw(this.#lanes, shown, { now: this.#model.now(), spanMs: this.#spanMs }, theme);
  }

  #fillRows(): void {
    const first = Math.max(0, Math.floor(this.#viewport.scrollTop / this.#rowPx) - SPARE_ROWS);
    const height = this.#viewport.clientHeight / this.#rowPx + 2 * SPARE_ROWS;
    const shown = this.#lanes
      .slice(first, first + Math.ceil(height))
      .map((lane, at) => ({ lane, at: first + at }));
    fillChildren(this.#rows, shown, makeRow, (row, { lane, at }) =>
      this.#fillRow(row as HTMLElement, lane, at),
    );
    const isShown = shown.some(({ lane }) => lane.id === this.#model.chosen?.id);
    if (isShown) this.#grid.setAttribute("aria-activedescendant", `lane-${this.#model.chosen?.id}`);
    else this.#grid.removeAttribute("aria-activedescendant");
  }

  #fillRow(row: HTMLElement, lane: Lane, at: number): void {
    const now = this.#model.now();
    row.id = `lane-${lane.id}`;
    row.style.top = `${at * this.#rowPx}px`;
    row.setAttribute("aria-rowindex", String(at + 2));
    row.classList.toggle("ended", lane.end !== undefined);
    row.setAttribute("aria-selected", String(lane.id === this.#model.chosen?.id));
    const [number, origin, requests, age, state, timeline] = row.children;
    setText(number, String(lane.id));
    setText(origin, lane.origin);
    setText(requests, count(lane.requests));
    setText(age, duration((lane.end?.[0] ?? now) - lane.openedAt));
    setText(state, lane.end?.[1] ?? stateOf(lane));
    timeline?.setAttribute("aria-label", `${lane.bars.length} bars`);
  }

  #drawBars(theme: Theme): void {
    const timeline = this.#grid.querySelector<HTMLElement>(".head .timeline");
    if (timeline === null) return;
    const { offsetLeft: left, offsetWidth: width } = timeline;
    const height = this.#viewport.clientHeight;
    Object.assign(this.#bars.style, {
      left: `${left}px`,
      top: "0",
      width: `${width}px`,
      height: `${height}px`,
    });
    const context = cleared(this.#bars, width, height);
    if (context === null) return;
    context.font = "12px system-ui, sans-serif";
    context.textBaseline = "middle";
    const [now, rowPx, spanMs, { scrollTop }] = [
      this.#model.now(),
      this.#rowPx,
      this.#spanMs,
      this.#viewport,
    ];
    const facts = rowPx === NARROW_ROW_PX ? NARROW_FACTS_PX : 0;
    // In narrow rows the lines would run through the facts.
    const lines = facts === 0 ? height - HEAD_PX : 0;
    drawAxis(context, { top: HEAD_PX, height: lines, width, now, spanMs }, HEAD_PX, theme);
    context.beginPath();
    context.rect(0, HEAD_PX, width, height - HEAD_PX);
    context.clip();
    const first = Math.floor(scrollTop / rowPx);
    for (const [at, lane] of this.#lanes.slice(first, first + Math.ceil(height / rowPx) + 1).entries()) {
      const top = HEAD_PX + (first + at) * rowPx - scrollTop + facts;
      drawLane(context, lane, { top, height: rowPx - facts, width, now, spanMs }, theme);
    }
  }

  #clicked(event: Event): void {
    const row = (event.target as Element).closest(".lane");
    if (row !== null) this.#select(Number(row.id.replace("lane-", "")));
  }

  #select(id: number | undefined): void {
    this.#model.choose(id);
    this.#onSelect(this.#model.chosen);
    this.#fillRows();
  }

  #key(event: KeyboardEvent): void {
    if (event.key === "Escape") return this.#select(undefined);
    const last = this.#lanes.length - 1;
    const at = this.#lanes.findIndex(({ id }) => id === this.#model.chosen?.id);
    const page = Math.max(1, Math.floor((this.#viewport.clientHeight - HEAD_PX) / this.#rowPx) - 1);
    const moves: Readonly<Record<string, number>> = {
      ArrowDown: at + 1,
      ArrowUp: at < 0 ? last : at - 1,
      PageDown: at + page,
      PageUp: at - page,
      Home: 0,
      End: last,
    };
    const to = moves[event.key];
    if (to === undefined || last < 0) return;
    event.preventDefault();
    const next = Math.min(last, Math.max(0, to));
    this.#scrollTo(next);
    this.#select(this.#lanes[next]?.id);
  }

  #scrollTo(at: number): void {
    const [top, view] = [at * this.#rowPx, this.#viewport.clientHeight - HEAD_PX];
    const { scrollTop } = this.#viewport;
    if (top < scrollTop) this.#viewport.scrollTop = top;
    else if (top + this.#rowPx > scrollTop + view) this.#viewport.scrollTop = top + this.#rowPx - view;
  }
}

/** A connection that carries several requests says how many. */
function stateOf({ state, streams }: Lane): string {
  return streams === undefined ? state : `${state} (${count(streams)})`;
}

const CELLS = ["number", "origin", "requests", "age", "state", "timeline"] as const;

function makeRow(): HTMLElement {
  const row = element("div", "", { class: "row lane", role: "row" });
  row.append(...CELLS.map((name) => element("span", "", { class: name, role: "gridcell" })));
  return row;
}
