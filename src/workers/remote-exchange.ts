/** Remote exchange: one request of a `remotePool()` and its answer from the object, without redirects. */

import { HoldfastError } from "../contract/errors.ts";
import { type FoundBinding, type PoolStub, stubError, wrongClassError } from "./binding.ts";
import { restoredError } from "./remote-error.ts";
import { RemoteReply } from "./remote-reply.ts";
import { RemoteSignal } from "./remote-signal.ts";
import {
  ANSWER_FIELD,
  answerFrom,
  BARE_FETCH,
  CALL_FIELD,
  callField,
  type RemoteAnswer,
  type RemoteCall,
} from "./wire-format.ts";

/** A body that can cross. */
export type RemoteBody = ReadableStream<Uint8Array> | Uint8Array<ArrayBuffer> | undefined;

/** What is sent. */
export interface RemoteRequest extends Omit<RemoteCall, "id"> {
  readonly url: string;
  readonly origin: string;
  readonly method: string;
  readonly body: RemoteBody;
  readonly signal: AbortSignal | undefined;
}

/** Sends the request to an object. @throws {HoldfastError} or the signal's reason. */
export async function remoteExchange(
  stub: PoolStub,
  binding: FoundBinding,
  request: RemoteRequest,
): Promise<RemoteReply> {
  const { url, origin } = request;
  request.signal?.throwIfAborted();
  const signal = request.signal === undefined ? undefined : new RemoteSignal(request.signal, stub);
  try {
    const fetched = stub.fetch(url, initOf(request, signal?.id));
    const response = await (signal === undefined ? fetched : signal.race(fetched));
    const head = answerOf(response, origin, binding.name);
    if (head.error !== undefined) throw restoredError(head.error, binding.name);
    if (head.body === undefined) signal?.leave();
    return new RemoteReply(head, response, { by: request.by, stub, binding, origin, signal });
  } catch (error) {
    signal?.leave();
    if (signal?.aborted === true) throw signal.reason;
    throw error instanceof HoldfastError || isRestored(error)
      ? error
      : stubError(origin, binding.name, error);
  }
}

/** That of most calls. */
const BARE_GET = { headers: { [CALL_FIELD]: BARE_FETCH }, redirect: "manual" } as const;

/** A signal that is passed on would end the request here, and not in the object: the platform tells it nothing of it. */
function initOf(request: RemoteRequest, id: string | undefined): RequestInit {
  const { by, method, body, headers, length, options } = request;
  const field = callField({ by, id, headers, length, options });
  if (field === BARE_FETCH && method === "GET") return BARE_GET;
  const init = { method, headers: { [CALL_FIELD]: field }, redirect: "manual" } as const;
  return body === undefined ? init : ({ ...init, body, duplex: "half" } as RequestInit);
}

/** Errors of the object's pool that are no HoldfastError: wrong arguments. */
function isRestored(error: unknown): boolean {
  return error instanceof TypeError || error instanceof RangeError;
}

function answerOf(response: Response, origin: string, name: string): RemoteAnswer {
  const field = response.headers.get(ANSWER_FIELD);
  if (field !== null) return answerFrom(field);
  response.body?.cancel().catch(() => {});
  throw wrongClassError(origin, name);
}
