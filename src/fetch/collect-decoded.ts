/** Collect: a decoded body put together by us rather than by the runtime, where there is a limit to how much that may be. */

import { BodyBuffer, clearedBytes } from "../exchange/body-buffer.ts";
import { bodyTooLarge } from "../exchange/body-errors.ts";
import type { ResponseBody } from "../exchange/response-body.ts";
import { fetchError } from "./fetch-error.ts";

/**
 * All of a stream. Rejects when that is more than the limit of the body that it comes from, which ends then; `shared`:
 * with a clone, which may be read as a stream all the same.
 */
export async function collect(
  stream: ReadableStream<Uint8Array>,
  body: ResponseBody,
  shared: boolean,
): Promise<Uint8Array> {
  const reader = stream.getReader();
  const gathered = new BodyBuffer(undefined, clearedBytes);
  for (;;) {
    const { done, value } = await reader.read();
    if (done) return gathered.take();
    const size = gathered.size + value.length;
    if (size > body.limit) {
      const flaw = shared ? bodyTooLarge(body.lease, body.limit, size, false) : body.tooLarge(size);
      const error = fetchError(flaw, undefined);
      reader.cancel(error).catch(() => {});
      throw error;
    }
    gathered.add(value, 0, value.length);
  }
}
