/**
 * Meter: the part of OpenTelemetry's `Meter` that the metrics use, described by its shape. Meters of `@opentelemetry/api`
 * have it, and so does the meter behind `/metrics`. Nothing is imported, so users need not install anything.
 */

/** What a measurement is about. Each different set of values is a series of its own. */
export type Attributes = Readonly<Record<string, string | number | boolean>>;

/** The description of an instrument. */
export interface InstrumentOptions {
  readonly description: string;
  /** In UCUM's spelling, as OpenTelemetry asks: `"s"`, `"{connection}"`. */
  readonly unit: string;
  readonly advice?: { readonly explicitBucketBoundaries: number[] };
}

/** A counter: adds values up. */
export interface Counting {
  add(value: number, attributes: Attributes): void;
}

/** A histogram: sorts recorded values into buckets. */
export interface Recording {
  record(value: number, attributes: Attributes): void;
}

/** Receives the values of an {@linkcode ObservableCallback}. */
export interface ObservableResult {
  observe(value: number, attributes: Attributes): void;
}

/** Called each time the metrics are read. */
export type ObservableCallback = (result: ObservableResult) => void;

/** An observable counter: calls its callbacks each time the metrics are read. */
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
