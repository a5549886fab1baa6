/**
 * Driver: what one package looks like to this suite. A file of `drivers/` exports one, as `driver`. It imports its package
 * within `connect`, because the mock server reads `answer` in a process that loads no package.
 */

import type { IncomingHttpHeaders } from "node:http";
import type { Pool } from "@holdfast/pool";

/** The steps, in their order. `tests/outside/steps.ts` says what each one asks for. */
export const STEPS = ["request", "error", "retry", "stream", "upload", "abort"] as const;
export type StepName = (typeof STEPS)[number];

/** A request as the mock server reads it, whole. */
export interface Question {
  readonly method: string;
  /** With the query. */
  readonly path: string;
  readonly headers: Readonly<IncomingHttpHeaders>;
  /** One character for each byte. */
  readonly body: string;
}

/** What the mock server sends. */
export interface Answer {
  /** @default 200 */
  readonly status?: number;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string | Uint8Array;
  /** In place of `body`: the first piece is sent at once, the others when the client says that it has read that one. */
  readonly pieces?: readonly string[];
}

/** One client of a package, which sends everything through the fetch that it was handed. */
export interface Client {
  /** Resolves to `"pong"`, which is somewhere in the answer. */
  request(signal: AbortSignal | undefined): Promise<unknown>;
  /** Resolves to `"pingpong"`, after it has called `more` between the two halves. */
  stream?(more: () => Promise<void>): Promise<unknown>;
  /** Sends the payload, 64 KiB of text, as the package sends files or rows. Resolves to `"pong"`. */
  upload?(payload: string): Promise<unknown>;
}

export interface Driver {
  /** As npm and the table call it. `hono/client` is a part of `hono`. */
  readonly name: string;
  /** How the package takes a fetch, as its documentation writes it. */
  readonly handed: string;
  answer(question: Question): Answer;
  /** The body of an error status. @default `{"error":{"message":"teapot"}}` */
  readonly failure?: string;
  /** Which requests the steps are about, where the package sends others before them. @default all */
  readonly counts?: (question: Question) => boolean;
  connect(at: { readonly url: string; readonly fetch: Pool["fetch"] }): Promise<Client>;
  /** The package takes no fetch, and calls the global one: there is no type to check. */
  readonly global?: boolean;
  /** Why the package has no such step. */
  readonly lacks?: Partial<Record<StepName, string>>;
}

/** An answer of JSON. */
export function json(value: unknown, status = 200): Answer {
  return { status, headers: { "content-type": "application/json" }, body: JSON.stringify(value) };
}

/** An answer of server-sent events, each a value in JSON or a text. */
export function events(...values: readonly unknown[]): Answer {
  const pieces = values.map((value) => {
    const { event, data } = isNamed(value) ? value : { event: "", data: value };
    const text = typeof data === "string" ? data : JSON.stringify(data);
    return `${event === "" ? "" : `event: ${event}\n`}data: ${text}\n\n`;
  });
  return { headers: { "content-type": "text/event-stream" }, pieces };
}

/** An event with a name, for `events`. */
export function named(event: string, data: unknown): { readonly event: string; readonly data: unknown } {
  return { event, data };
}

function isNamed(value: unknown): value is ReturnType<typeof named> {
  return typeof value === "object" && value !== null && "event" in value && "data" in value;
}

/** Reads what streams, asks for more after the first half, and joins the texts. */
export async function joined<T>(
  pieces: AsyncIterable<T>,
  textOf: (piece: T) => unknown,
  more: () => Promise<void>,
): Promise<string> {
  let text = "";
  for await (const piece of pieces) {
    text += textOf(piece) ?? "";
    if (text === "ping") await more();
  }
  return text;
}

/** The texts of a body, for packages that hand out the response or its stream. */
export function textsOf(body: ReadableStream<Uint8Array> | null | undefined): AsyncIterable<string> {
  const decoder = new TextDecoder();
  return {
    async *[Symbol.asyncIterator]() {
      const reader = body?.getReader();
      for (;;) {
        const { done, value } = (await reader?.read()) ?? { done: true, value: undefined };
        if (done || value === undefined) return;
        yield decoder.decode(value, { stream: true });
      }
    },
  };
}

/** The options of a call: many types refuse a signal of `undefined`. */
export function given(signal: AbortSignal | undefined): { signal?: AbortSignal } {
  return signal === undefined ? {} : { signal };
}
