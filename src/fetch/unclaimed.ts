/**
 * Dropped: responses, and streams of their bodies, that nobody holds any more though the body was not read. The garbage
 * collector tells, some time; then the rest is read if it is little, or the connection closed, so that it is not leased
 * for ever. Whoever holds a stream holds the body, whatever became of the response; readers, clones and pipes lead to
 * the stream that they read.
 */

import type { ResponseBody } from "../exchange/response-body.ts";

/** workerd has none before the compatibility date 2025-05-05, and must be able to load this. */
const registry: FinalizationRegistry<ResponseBody> | undefined =
  typeof FinalizationRegistry === "undefined"
    ? undefined
    : new FinalizationRegistry((body) => body.dropped());

/** Gives `body` up once `holder`, and any other that was said to hold it, is collected. */
export function watchUnclaimed(holder: object, body: ResponseBody): void {
  body.handed();
  registry?.register(holder, body);
}
