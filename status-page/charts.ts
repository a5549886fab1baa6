/** Charts: the history, drawn by uPlot. */

import uPlot from "uplot";
import { RETIRE_REASONS, type RetireReason } from "../src/contract/reasons.ts";
import { BAR_RESULTS, BUCKET_MS, type Bucket, HISTORY_MS } from "../src/hono/status/protocol.ts";
import { byId } from "./dom.ts";
import type { Model } from "./model.ts";
import type { Theme } from "./theme.ts";

const HEIGHT_PX = 190;

/** One layer of a stacked chart. */
interface Layer {
  readonly label: string;
  readonly value: (bucket: Bucket | undefined) => number;
  readonly colour: (theme: Theme) => string | undefined;
}

const clock = new Intl.DateTimeFormat([], {
  hour: "2-digit",
  minute: "2-digit",
  second: "2-digit",
  hourCycle: "h23",
});

const seconds = BUCKET_MS / 1000;

const REQUESTS: readonly Layer[] = [
  {
    label: "on a reused connection",
    value: (bucket) => (bucket?.reused ?? 0) / seconds,
    colour: ({ results }) => results[BAR_RESULTS.answered],
  },
  {
    label: "on a new one",
    value: (bucket) => ((bucket?.requests ?? 0) - (bucket?.reused ?? 0)) / seconds,
    colour: ({ series }) => series[3],
  },
  {
    label: "failed",
    value: (bucket) => (bucket?.failed ?? 0) / seconds,
    colour: ({ results }) => results[BAR_RESULTS.failed],
  },
];

/** Both charts of the page. */
export class Charts {
  readonly #requests: StackedChart;
  readonly #retired: StackedChart;

  constructor(theme: Theme) {
    this.#requests = new StackedChart(byId("requests-chart"), theme);
    this.#retired = new StackedChart(byId("retired-chart"), theme);
  }

  /** Applies the colours of another theme with the next drawing. */
  paint(theme: Theme): void {
    this.#requests.paint(theme);
    this.#retired.paint(theme);
  }

  draw(model: Model): void {
    const reasons = [...model.recentlyRetired().keys()].sort();
    this.#requests.draw(model, REQUESTS);
    this.#retired.draw(model, reasons.map(layerOf));
  }
}

/** The colour depends on the reason alone, so it stays when other reasons come and go. */
function layerOf(reason: RetireReason): Layer {
  const place = RETIRE_REASONS.indexOf(reason);
  const colour = ({ series }: Theme) => series[place % series.length];
  return { label: reason, value: (bucket) => bucket?.retired[reason] ?? 0, colour };
}

class StackedChart {
  readonly #place: HTMLElement;
  #theme: Theme;
  #plot: uPlot | undefined;
  /** The labels of the layers that the chart was made with. */
  #labels = "";
  /** The values for the legend. The chart itself draws sums. */
  #values: number[][] = [];

  constructor(place: HTMLElement, theme: Theme) {
    this.#place = place;
    this.#theme = theme;
    new ResizeObserver(() => this.#plot?.setSize(this.#size())).observe(place);
  }

  paint(theme: Theme): void {
    this.#theme = theme;
    this.#labels = "";
  }

  draw(model: Model, layers: readonly Layer[]): void {
    const labels = layers.map(({ label }) => label).join();
    const data = this.#dataOf(model, layers);
    if (this.#plot !== undefined && labels === this.#labels) return void this.#plot.setData(data);
    this.#plot?.destroy();
    this.#labels = labels;
    this.#plot = new uPlot(this.#options(layers), data, this.#place);
  }

  #size(): { width: number; height: number } {
    return { width: Math.max(200, this.#place.clientWidth), height: HEIGHT_PX };
  }

  /** The layers are stacked: each series is the sum of its own values and those of the layers below. */
  #dataOf(model: Model, layers: readonly Layer[]): uPlot.AlignedData {
    const now = model.now();
    const last = Math.floor(now / BUCKET_MS);
    const count = HISTORY_MS / BUCKET_MS;
    const spans = Array.from({ length: count }, (_, at) => last - count + 1 + at);
    const buckets = spans.map((at) => model.history.get(at));
    const wall = Date.now() - now;
    this.#values = layers.map(({ value }) => buckets.map(value));
    const sums = buckets.map(() => 0);
    const stacked = this.#values.map((values) =>
      values.map((value, at) => {
        sums[at] = (sums[at] ?? 0) + value;
        return sums[at];
      }),
    );
    return [spans.map((at) => (wall + at * BUCKET_MS) / 1000), ...stacked.reverse()];
  }

  /** uPlot paints the series in this order, so the highest sum comes first and the lower ones cover it. */
  #options(layers: readonly Layer[]): uPlot.Options {
    const { quiet, line } = this.#theme;
    const axis: uPlot.Axis = {
      stroke: quiet,
      grid: { stroke: line, width: 1 },
      ticks: { stroke: line, width: 1 },
    };
    const shown = layers.map(({ label, colour }, at): uPlot.Series => {
      const fill = colour(this.#theme) ?? quiet;
      const value: uPlot.Series.Value = (_plot, _raw, _series, index) =>
        shownValue(this.#values[at]?.at(index ?? -1));
      const paths = uPlot.paths.bars?.({ size: [0.9, 20] });
      return {
        label,
        stroke: fill,
        fill,
        width: 0,
        points: { show: false },
        value,
        ...(paths && { paths }),
      };
    });
    return {
      ...this.#size(),
      // Without a pointer the legend shows the newest values.
      series: [
        { label: "At", value: (_plot, at) => (at == null ? "now" : clock.format(at * 1000)) },
        ...shown.reverse(),
      ],
      axes: [
        { ...axis, space: 80, values: (_plot, marks) => marks.map((mark) => clock.format(mark * 1000)) },
        { ...axis, size: 56 },
      ],
      scales: { y: { range: (_plot, _low, high) => [0, Math.max(1, high * 1.05)] } },
      cursor: { drag: { x: false, y: false } },
    };
  }
}

function shownValue(value: number | undefined): string {
  return value === undefined ? "–" : String(Math.round(value * 10) / 10);
}
