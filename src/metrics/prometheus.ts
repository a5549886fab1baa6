/**
 * Prometheus: a {@linkcode Meter} whose readings are Prometheus' text format 0.0.4. Names are derived as OpenTelemetry's
 * compatibility specification says: dots become underscores, units follow the name, counters end in `_total`.
 *
 * Libraries do this as well, but the published package has no dependencies. A test reads the text with
 * `parse-prometheus-text-format`.
 */

import type {
  Attributes,
  Counting,
  InstrumentOptions,
  Meter,
  ObservableCallback,
  Observed,
  Recording,
} from "./meter.ts";

/** Series of one instrument. All beyond go to one overflow series, as in OpenTelemetry's SDKs ("cardinality limit"). */
const MAX_SERIES = 2000;

/** The same for a histogram, each of whose series is some twenty lines. */
const MAX_DISTRIBUTIONS = 500;

/**
 * Origins with labels of their own: the first ones that are measured. A gateway or a crawler may have thousands. All
 * others are added up under one name that no host has, so that counters never fall and sums over all origins stay right.
 */
const MAX_ORIGINS = 100;
const OTHER_ORIGIN: Attributes = { "server.address": "other" };

const OVERFLOW: Attributes = { "otel.metric.overflow": true };

/** One instrument, as it is read. */
interface Family {
  readonly name: string;
  readonly type: "counter" | "gauge" | "histogram";
  readonly help: string;
  samples(): readonly string[];
}

/** A meter whose readings are text. */
export class PrometheusMeter implements Meter {
  readonly #families: Family[] = [];
  readonly #origins: LabelledOrigins = new LabelledOrigins();

  createCounter(name: string, options: InstrumentOptions): Counting {
    const full = `${metricName(name, options)}_total`;
    return this.#sum(full, "counter", options);
  }

  createUpDownCounter(name: string, options: InstrumentOptions): Counting {
    return this.#sum(metricName(name, options), "gauge", options);
  }

  createHistogram(name: string, options: InstrumentOptions): Recording {
    const full = metricName(name, options);
    const bounds = options.advice?.explicitBucketBoundaries ?? [];
    const series = new Series(() => new Distribution(bounds), this.#origins, MAX_DISTRIBUTIONS);
    const samples = () => series.map((labels, distribution) => distribution.samples(full, labels));
    this.#families.push({ name: full, type: "histogram", help: options.description, samples });
    return { record: (value, attributes) => series.of(attributes).record(value) };
  }

  createObservableUpDownCounter(name: string, options: InstrumentOptions): Observed {
    const full = metricName(name, options);
    const callbacks = new Set<ObservableCallback>();
    const samples = () => observed(full, callbacks, this.#origins);
    this.#families.push({ name: full, type: "gauge", help: options.description, samples });
    return {
      addCallback: (callback) => void callbacks.add(callback),
      removeCallback: (callback) => void callbacks.delete(callback),
    };
  }

  /** All readings, as `text/plain; version=0.0.4`. */
  text(): string {
    const lines = this.#families.flatMap(({ name, type, help, samples }) => [
      `# HELP ${name} ${escapeHelp(help)}`,
      `# TYPE ${name} ${type}`,
      ...samples(),
    ]);
    return `${lines.join("\n")}\n`;
  }

  #sum(name: string, type: "counter" | "gauge", { description }: InstrumentOptions): Counting {
    const series = new Series(() => ({ value: 0 }), this.#origins, MAX_SERIES);
    const samples = () => series.map((labels, { value }) => [sample(name, labels, value)]);
    this.#families.push({ name, type, help: description, samples });
    return {
      add(value, attributes) {
        series.of(attributes).value += value;
      },
    };
  }
}

/** Decides which origins have labels of their own. */
class LabelledOrigins {
  readonly #known: Set<string> = new Set();

  /** The attributes unchanged, or with {@linkcode OTHER_ORIGIN} in place of their origin. */
  fold(attributes: Attributes): Attributes {
    const { "server.address": address, "server.port": port, ...others } = attributes;
    if (address === undefined) return attributes;
    const key = `${address} ${port}`;
    if (this.#known.size < MAX_ORIGINS) this.#known.add(key);
    return this.#known.has(key) ? attributes : { ...OTHER_ORIGIN, ...others };
  }
}

/** One value for each set of attributes. */
class Series<T> {
  readonly #byLabels: Map<string, T> = new Map();
  /** Fast path: the same set of attributes is usually the same object, which is found faster than its text. */
  readonly #byAttributes: WeakMap<Attributes, T> = new WeakMap();
  readonly #make: () => T;
  readonly #origins: LabelledOrigins;
  readonly #max: number;

  constructor(make: () => T, origins: LabelledOrigins, most: number) {
    this.#make = make;
    this.#origins = origins;
    this.#max = most;
  }

  of(attributes: Attributes): T {
    const known = this.#byAttributes.get(attributes);
    if (known !== undefined) return known;
    const found = this.#findOrMake(labelsOf(this.#origins.fold(attributes)));
    this.#byAttributes.set(attributes, found);
    return found;
  }

  map(samples: (labels: string, value: T) => readonly string[]): readonly string[] {
    return [...this.#byLabels].flatMap(([labels, value]) => samples(labels, value));
  }

  #findOrMake(labels: string): T {
    const key = this.#byLabels.has(labels) || this.#byLabels.size < this.#max ? labels : labelsOf(OVERFLOW);
    const known = this.#byLabels.get(key);
    if (known !== undefined) return known;
    const series = this.#make();
    this.#byLabels.set(key, series);
    return series;
  }
}

/** A histogram of one series. */
class Distribution {
  readonly #bounds: readonly number[];
  readonly #counts: number[];
  #sum = 0;

  constructor(bounds: readonly number[]) {
    this.#bounds = bounds;
    this.#counts = Array.from({ length: bounds.length + 1 }, () => 0);
  }

  record(value: number): void {
    const at = this.#bounds.findIndex((bound) => value <= bound);
    const bucket = at < 0 ? this.#bounds.length : at;
    this.#counts[bucket] = (this.#counts[bucket] ?? 0) + 1;
    this.#sum += value;
  }

  /** The buckets are cumulative: each includes the values of all below it. */
  samples(name: string, labels: string): string[] {
    let count = 0;
    const buckets = this.#counts.map((here, at) => {
      count += here;
      const bound = `le="${this.#bounds[at] ?? "+Inf"}"`;
      return sample(`${name}_bucket`, labels === "" ? bound : `${labels},${bound}`, count);
    });
    return [...buckets, sample(`${name}_sum`, labels, this.#sum), sample(`${name}_count`, labels, count)];
  }
}

function observed(
  name: string,
  callbacks: ReadonlySet<ObservableCallback>,
  origins: LabelledOrigins,
): string[] {
  const sums = new Map<string, number>();
  const observe = (value: number, attributes: Attributes): void => {
    const labels = labelsOf(origins.fold(attributes));
    sums.set(labels, (sums.get(labels) ?? 0) + value);
  };
  for (const callback of callbacks) callback({ observe });
  return [...sums].map(([labels, value]) => sample(name, labels, value));
}

/** `http.client.request.duration` in `s` becomes `http_client_request_duration_seconds`; `{things}` count as no unit. */
function metricName(name: string, { unit }: InstrumentOptions): string {
  return name.replaceAll(".", "_") + (unit === "s" ? "_seconds" : "");
}

function sample(name: string, labels: string, value: number): string {
  return labels === "" ? `${name} ${value}` : `${name}{${labels}} ${value}`;
}

function labelsOf(attributes: Attributes): string {
  return Object.entries(attributes)
    .map(([name, value]) => `${name.replaceAll(".", "_")}="${escapeLabel(String(value))}"`)
    .join(",");
}

function escapeLabel(text: string): string {
  return text.replaceAll("\\", "\\\\").replaceAll('"', '\\"').replaceAll("\n", "\\n");
}

function escapeHelp(text: string): string {
  return text.replaceAll("\\", "\\\\").replaceAll("\n", "\\n");
}
