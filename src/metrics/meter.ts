/**
 * Meter: the part of OpenTelemetry's `Meter` that metrics need, by its shape. A meter of `@opentelemetry/api` is one,
 * and so is the registry behind `/metrics`; nothing is imported, so nothing has to be installed.
 */

/** What a measurement is about; each set of values is a series of its own. */
export type Attributes = Readonly<Record<string, string | number | boolean>>;

/** How an instrument is described. */
export interface InstrumentOptions {
  readonly description: string;
  /** In UCUM's spelling, as OpenTelemetry asks: `"s"`, `"{connection}"`. */
  readonly unit: string;
  readonly advice?: { readonly explicitBucketBoundaries: number[] };
}

/** Sums up what is added. */
export interface Counting {
  add(value: number, attributes: Attributes): void;
}

/** Sorts what is recorded into buckets. */
export interface Recording {
  record(value: number, attributes: Attributes): void;
}

/** Takes what is observed when somebody reads. */
export interface ObservableResult {
  observe(value: number, attributes: Attributes): void;
}

/** Called for each reading. */
export type ObservableCallback = (result: ObservableResult) => void;

/** Asks its callbacks when somebody reads. */
export interface Observed {
  addCallback(callback: ObservableCallback): void;
  removeCallback(callback: ObservableCallback): void;
}

/** Makes instruments. */
export interface Meter {
  createCounter(name: string, options: InstrumentOptions): Counting;
  createUpDownCounter(name: string, options: InstrumentOptions): Counting;
  createHistogram(name: string, options: InstrumentOptions): Recording;
  createObservableUpDownCounter(name: string, options: InstrumentOptions): Observed;
}
