/** Tracer-like: the parts of OpenTelemetry's `Tracer` and `Span` that tracing uses, by their shape. */

/** What a span or one of its events says. */
export type SpanAttributes = Readonly<Record<string, string | number | boolean>>;

/** What a span begins with. */
export interface SpanStart {
  /** OpenTelemetry's `SpanKind`: 2 is `CLIENT`. */
  readonly kind: 2;
  /** Known before the request is sent, so that a sampler can decide by them. */
  readonly attributes: SpanAttributes;
}

/** What other processes are told of a span. */
export interface SpanContextLike {
  /** 32 hexadecimal digits; all of them 0 where there is no trace. */
  readonly traceId: string;
  /** 16 hexadecimal digits. */
  readonly spanId: string;
  /** Bit 0: sampled. */
  readonly traceFlags: number;
  /** What vendors add. */
  readonly traceState?: { serialize(): string };
}

/** One span. `@opentelemetry/api` has the meaning of each member. */
export interface SpanLike {
  /** What other processes are told. */
  spanContext(): SpanContextLike;
  /** `false`: nobody will see it. */
  isRecording(): boolean;
  /** Adds attributes, or replaces them. */
  setAttributes(attributes: SpanAttributes): unknown;
  /** Something happened now. */
  addEvent(name: string, attributes: SpanAttributes): unknown;
  /** An error, as an event. */
  recordException(error: Error | string): void;
  /** `code` 2 is `ERROR`. */
  setStatus(status: { code: 2; message?: string }): unknown;
  /** It is over now. */
  end(): void;
}

/** Makes spans: any `Tracer` of `@opentelemetry/api`. */
export interface TracerLike<S extends SpanLike = SpanLike> {
  /** Begins a span in the context that is active now. */
  startSpan(name: string, options: SpanStart): S;
}
