/**
 * Prometheus: a {@linkcode Meter} whose readings are text, format 0.0.4, with the names that OpenTelemetry's
 * compatibility specification derives: dots become underscores, units follow the name, counters end in `_total`.
 *
 * Written here although libraries do this well, because the published package has no dependency; a test reads the
 * text with `parse-prometheus-text-format`.
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

/** Series of one instrument. More go to one that says so, as in OpenTelemetry's SDKs (cardinality limit). */
const MAX_SERIES = 2000;
/** Of a histogram, each of whose series is some twenty lines. */
const MAX_DISTRIBUTIONS = 500;

/**
 * Origins with labels of their own, the first to be measured: a pool of a gateway or a crawler may have thousands. The rest
 * is summed up under one name, which no host has, so that counters never fall and sums over all stay right.
 */
const MAX_ORIGINS = 100;
const OTHER_ORIGIN: Attributes = { "server.address": "other" };

const OVERFLOW: Attributes = { "otel.metric.overflow": true };

/** What one instrument has to say, when asked. */
interface Family {
  readonly name: string;
  readonly type: "counter" | "gauge" | "histogram";
  readonly help: string;
  samples(): readonly string[];
}

/** A meter that is read as text. */
export class PrometheusMeter implements Meter {
  readonly #families: Family[] = [];
  readonly #origins: Origins = new Origins();

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

/** The origins that have labels of their own. */
class Origins {
  readonly #known: Set<string> = new Set();

  /** The attributes as they are, or without what tells their origin from any other. */
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
  /** Sets that come again are the same objects, which is quicker to find than their text. */
  readonly #bySet: WeakMap<Attributes, T> = new WeakMap();
  readonly #make: () => T;
  readonly #origins: Origins;
  readonly #most: number;

  constructor(make: () => T, origins: Origins, most: number) {
    this.#make = make;
    this.#origins = origins;
    this.#most = most;
  }

  of(attributes: Attributes): T {
    const known = this.#bySet.get(attributes);
    if (known !== undefined) return known;
    const found = this.#find(labelsOf(this.#origins.fold(attributes)));
    this.#bySet.set(attributes, found);
    return found;
  }

  map(samples: (labels: string, value: T) => readonly string[]): readonly string[] {
    return [...this.#byLabels].flatMap(([labels, value]) => samples(labels, value));
  }

  #find(labels: string): T {
    const key = this.#byLabels.has(labels) || this.#byLabels.size < this.#most ? labels : labelsOf(OVERFLOW);
    const known = this.#byLabels.get(key);
    if (known !== undefined) return known;
    const made = this.#make();
    this.#byLabels.set(key, made);
    return made;
  }
}

/** Values in buckets. */
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

  /** Buckets add up: each holds those below it too. */
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

function observed(name: string, callbacks: ReadonlySet<ObservableCallback>, origins: Origins): string[] {
  const sums = new Map<string, number>();
  const observe = (value: number, attributes: Attributes): void => {
    const labels = labelsOf(origins.fold(attributes));
    sums.set(labels, (sums.get(labels) ?? 0) + value);
  };
  for (const callback of callbacks) callback({ observe });
  return [...sums].map(([labels, value]) => sample(name, labels, value));
}

/** `http.client.request.duration` in `s` is `http_client_request_duration_seconds`; `{things}` are no unit. */
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
