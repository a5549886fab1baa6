/**
 * Meter: the part of OpenTelemetry's `Meter` that the metrics use, described by its shape. Meters of `@opentelemetry/api`
 * have it, and so does the meter behind `/metrics`. Nothing is imported, so users need not install anything.
 */

/** What a measurement is about. Each different set of values is a series of its own. */
export type Attributes = Readonly<Record<string, string | number | boolean>>;

/** The description of an instrument. */
export interface InstrumentOptions {
  /** What it measures, for people. */
  readonly description: string;
  /** In UCUM's spelling, as OpenTelemetry asks: `"s"`, `"{connection}"`. */
  readonly unit: string;
  /** Bounds of the buckets of a histogram, in its unit. */
  readonly advice?: { readonly explicitBucketBoundaries: number[] };
}

/** A counter: adds values up. */
export interface Counting {
  /** Adds `value`, which is negative where an up-down counter goes down. */
  add(value: number, attributes: Attributes): void;
}

/** A histogram: sorts recorded values into buckets. */
export interface Recording {
  /** Records one value. */
  record(value: number, attributes: Attributes): void;
}

/** Receives the values of an {@linkcode ObservableCallback}. */
export interface ObservableResult {
  /** The value as it stands now. */
  observe(value: number, attributes: Attributes): void;
}

/** Called each time the metrics are read. */
export type ObservableCallback = (result: ObservableResult) => void;

/** An observable counter: calls its callbacks each time the metrics are read. */
export interface Observed {
  /** From now on `callback` is called at each reading. */
  addCallback(callback: ObservableCallback): void;
  /** `callback` is called no more. */
  removeCallback(callback: ObservableCallback): void;
}

/** Makes instruments. */
export interface Meter {
  /** A counter that only goes up. */
  createCounter(name: string, options: InstrumentOptions): Counting;
  /** A counter that goes up and down. */
  createUpDownCounter(name: string, options: InstrumentOptions): Counting;
  /** A histogram. */
  createHistogram(name: string, options: InstrumentOptions): Recording;
  /** A counter that goes up and down, and is asked for its value. */
  createObservableUpDownCounter(name: string, options: InstrumentOptions): Observed;
}
