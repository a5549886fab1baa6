/** Send: sends one request through any fetch, reads the response to its end, and checks it. */

import type { PlannedRequest } from "./schedule.ts";

/** Both clients are functions like `fetch`. */
export type FetchLike = (url: string, init: RequestInit) => Promise<Response>;

/** How a request can fail. A wrong answer is the worst, because the caller does not notice it. */
export type FailureKind = "error" | "timeout" | "wrong answer";

export interface Failure {
  readonly kind: FailureKind;
  /** The cause without addresses and ids, so that equal causes can be counted. */
  readonly cause: string;
}

export interface Outcome {
  readonly request: PlannedRequest;
  readonly elapsedMs: number;
  readonly failure: Failure | undefined;
  /** What the response said; absent without a response. */
  readonly status: number | undefined;
  readonly keepAlive: string | undefined;
}

export interface Sending {
  readonly fetch: FetchLike;
  readonly base: string;
  /** The request's id; not sent to servers that are not ours. */
  readonly id: string | undefined;
  readonly request: PlannedRequest;
  /** Aborts everything. */
  readonly stop: AbortSignal;
}

/** Longer than any origin takes. A request that takes longer has failed. */
const TIMEOUT_MS = 10_000;

/** Sends one request. Never rejects. Returns `undefined` if it was aborted by `stop`, which is not a failure. */
export async function send(sending: Sending): Promise<Outcome | undefined> {
  const { request, stop } = sending;
  const deadline = deadlineOf(stop);
  const startedAt = performance.now();
  const outcome = (part: Partial<Outcome>): Outcome => {
    const elapsedMs = performance.now() - startedAt;
    return { request, elapsedMs, failure: undefined, status: undefined, keepAlive: undefined, ...part };
  };
  try {
    const response = await sending.fetch(sending.base + request.path, init(sending, deadline.signal));
    const answer = await read(response);
    return outcome({ failure: faultOf(sending, answer), status: answer.status, keepAlive: answer.keepAlive });
  } catch (error) {
    if (stop.aborted) return undefined;
    if (deadline.signal.aborted) {
      return outcome({ failure: { kind: "timeout", cause: `no answer within ${TIMEOUT_MS / 1000} s` } });
    }
    return outcome({ failure: { kind: "error", cause: causeOf(error) } });
  } finally {
    deadline.clear();
  }
}

/** Does not use `AbortSignal.any`: on Node 20, a long-lived source keeps every signal made from it. */
function deadlineOf(stop: AbortSignal): { signal: AbortSignal; clear: () => void } {
  const controller = new AbortController();
  const abort = (): void => controller.abort();
  const timer = setTimeout(abort, TIMEOUT_MS);
  stop.addEventListener("abort", abort);
  if (stop.aborted) abort();
  return {
    signal: controller.signal,
    clear() {
      clearTimeout(timer);
      stop.removeEventListener("abort", abort);
    },
  };
}

function init({ id, request }: Sending, signal: AbortSignal): RequestInit {
  const headers: Record<string, string> = id === undefined ? {} : { "x-request-id": id };
  const { method, requestBytes } = request;
  // Redirects are not followed, because only the named server may be asked.
  const common: RequestInit = { method, headers, signal, redirect: "manual" };
  return requestBytes === 0 ? common : { ...common, body: "b".repeat(requestBytes) };
}

/** The parts of a response that are checked. */
export interface Answer {
  readonly status: number;
  readonly id: string | null;
  readonly received: string | null;
  readonly keepAlive: string | undefined;
  readonly body: string;
  readonly length: number;
}

async function read(response: Response): Promise<Answer> {
  const { status, headers } = response;
  const bytes = new Uint8Array(await response.arrayBuffer());
  return {
    status,
    id: headers.get("x-request-id"),
    received: headers.get("x-received"),
    keepAlive: headers.get("keep-alive") ?? undefined,
    body: new TextDecoder().decode(bytes.subarray(0, 64)),
    length: bytes.length,
  };
}

/** What is wrong with a response of one of our origins. */
export function faultOf(
  { id, request }: Pick<Sending, "id" | "request">,
  answer: Answer,
): Failure | undefined {
  if (id === undefined) return undefined;
  const wrong = (cause: string): Failure => ({ kind: "wrong answer", cause });
  if (answer.status !== 200) return wrong(`status ${answer.status}`);
  if (answer.id !== id) return wrong("the header names another request");
  if (!answer.body.startsWith(id)) return wrong("the body names another request");
  if (answer.length !== request.responseBytes) {
    return wrong(`a body of ${answer.length} instead of ${request.responseBytes} bytes`);
  }
  if (answer.received !== String(request.requestBytes)) {
    return wrong(`the server received ${answer.received} of ${request.requestBytes} bytes`);
  }
  return undefined;
}

/** The innermost error of a chain. fetch wraps the cause in a `TypeError` that does not say it. */
export function causeOf(error: unknown): string {
  const inner = innermost(error);
  if (!(inner instanceof Error)) return String(inner);
  const { code } = inner as { code?: unknown };
  const text = NOISE.reduce((rest, noise) => rest.replace(noise, ""), inner.message)
    .trim()
    .replace(/\.$/, "");
  return typeof code === "string" && !text.includes(code) ? `${code}: ${text}` : text;
}

/** Text that makes equal causes look different, or that is advice for other readers. */
const NOISE: readonly RegExp[] = [
  /^error sending request .*?: (?=client error)/, // Deno: addresses
  / For more information, pass .*$/, // Bun
  / (?:to|from|for|of|by) (?:https?:\/\/|\d+\.\d+\.\d+\.\d+:)\S+/g,
];

function innermost(error: unknown): unknown {
  let inner = error;
  while (inner instanceof Error && inner.cause !== undefined) inner = inner.cause;
  return inner;
}
