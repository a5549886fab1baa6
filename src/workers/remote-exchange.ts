/** Remote exchange: one request of a `remotePool()` and its answer from the object, without redirects. */

import { waitUntil } from "cloudflare:workers";
import { HoldfastError } from "../contract/errors.ts";
import { failedFetch } from "../fetch/fetch-errors.ts";
import { type FoundBinding, type PoolStub, stubError, wrongClassError } from "./binding.ts";
import {
  ANSWER_FIELD,
  CALL_FIELD,
  fieldOf,
  type Pairs,
  type RemoteAnswer,
  type RemoteCall,
  type RemoteHead,
  restoredError,
} from "./wire-format.ts";

/** A body that can cross. */
export type RemoteBody = ReadableStream<Uint8Array> | Uint8Array<ArrayBuffer> | undefined;

/** What is sent. */
export interface RemoteRequest extends Omit<RemoteCall, "id" | "abortable"> {
  readonly url: string;
  readonly origin: string;
  readonly method: string;
  readonly body: RemoteBody;
  readonly signal: AbortSignal | undefined;
}

/** What came. */
export interface RemoteReply {
  readonly head: RemoteHead;
  /** `null` where the object has none. Its errors are those of the object's pool. */
  readonly body: ReadableStream<Uint8Array> | null;
  /** Trailer fields, once the body has ended. */
  trailers(): Pairs;
}

let counted = 0;
let prefix: string | undefined;

/** A number that no other caller has. Random numbers are not allowed before the first request of a Worker. */
function nextId(): string {
  prefix ??= crypto.randomUUID();
  counted += 1;
  return `${prefix}/${counted}`;
}

/** Which of the shards of an origin takes the next request. */
export function nextShard(shards: number): number {
  return counted % shards;
}

/** Sends the request to an object. @throws {HoldfastError} or the signal's reason. */
export async function remoteExchange(
  stub: PoolStub,
  binding: FoundBinding,
  request: RemoteRequest,
): Promise<RemoteReply> {
  const { url, origin, method, body, signal, by, headers, length, options } = request;
  signal?.throwIfAborted();
  const id = nextId();
  const field = fieldOf({ id, abortable: signal !== undefined, by, headers, length, options });
  const init: RequestInit & { duplex?: "half" } = {
    method,
    headers: { [CALL_FIELD]: field },
    redirect: "manual",
    ...(body === undefined ? {} : { body, duplex: "half" }),
  };
  // A signal that is passed on would end the request here, and not in the object: the platform tells it nothing of it.
  // The Worker may answer as soon as the caller knows, and what it left open then would end with it.
  const abort = (): void => waitUntil(stub.abort(id).catch(() => {}));
  signal?.addEventListener("abort", abort, { once: true });
  const leave = (): void => signal?.removeEventListener("abort", abort);
  try {
    const response = await unlessAborted(stub.fetch(url, init), signal);
    const answer = answerOf(response, origin, binding.name);
    if (answer.error !== undefined) throw restoredError(answer.error, binding.name);
    return replyOf(answer.head, response.body, { by, stub, id, binding, origin, signal, leave });
  } catch (error) {
    leave();
    if (signal?.aborted === true) throw signal.reason;
    throw error instanceof HoldfastError || isRestored(error)
      ? error
      : stubError(origin, binding.name, error);
  }
}

/** Errors of the object's pool that are no HoldfastError: wrong arguments. */
function isRestored(error: unknown): boolean {
  return error instanceof TypeError || error instanceof RangeError;
}

function unlessAborted<T>(promise: Promise<T>, signal: AbortSignal | undefined): Promise<T> {
  if (signal === undefined) return promise;
  return new Promise((resolve, reject) => {
    const abort = (): void => reject(signal.reason);
    signal.addEventListener("abort", abort, { once: true });
    promise.then(resolve, reject).finally(() => signal.removeEventListener("abort", abort));
  });
}

function answerOf(response: Response, origin: string, name: string): RemoteAnswer {
  const field = response.headers.get(ANSWER_FIELD);
  if (field !== null) return JSON.parse(field);
  response.body?.cancel().catch(() => {});
  throw wrongClassError(origin, name);
}

interface Way {
  readonly by: RemoteCall["by"];
  readonly stub: PoolStub;
  readonly id: string;
  readonly binding: FoundBinding;
  readonly origin: string;
  readonly signal: AbortSignal | undefined;
  leave(): void;
}

function replyOf(head: RemoteHead, body: ReadableStream<Uint8Array> | null, way: Way): RemoteReply {
  let trailers: Pairs = [];
  const ended = async (): Promise<void> => {
    way.leave();
    if (head.trailers) trailers = (await way.stub.outcome(way.id)).trailers ?? [];
  };
  if (body === null || head.whole) way.leave();
  if (head.whole) return { head, body, trailers: () => trailers };
  return { head, body: body === null ? null : restoring(body, way, ended), trailers: () => trailers };
}

/** The body, whose error is asked for by number: a stream that crosses has an error without class, code and cause. */
function restoring(
  stream: ReadableStream<Uint8Array>,
  { by, stub, id, binding, origin, signal, leave }: Way,
  ended: () => Promise<void>,
): ReadableStream<Uint8Array> {
  const reader = stream.getReader();
  const errorFor = async (cause: unknown): Promise<unknown> => {
    leave();
    if (signal?.aborted === true) return signal.reason;
    const { error } = await stub.outcome(id).catch(() => ({ error: undefined }));
    const restored =
      error === undefined ? stubError(origin, binding.name, cause) : restoredError(error, binding.name);
    return by === "fetch" && restored instanceof HoldfastError ? failedFetch(restored) : restored;
  };
  return new ReadableStream<Uint8Array>(
    {
      async pull(controller) {
        try {
          const { done, value } = await unlessAborted(reader.read(), signal);
          if (!done) return controller.enqueue(value);
          await ended();
          controller.close();
        } catch (cause) {
          controller.error(await errorFor(cause));
          reader.cancel(cause).catch(() => {});
        }
      },
      cancel(reason) {
        leave();
        return reader.cancel(reason);
      },
    },
    { highWaterMark: 0 },
  );
}
