/**
 * Unclaimed bodies: notices that the program can no longer read a body, because the response and the streams that lead to
 * it were collected as garbage. The rest is then read, if it is short, or the connection closed; otherwise the
 * connection would stay leased for ever.
 *
 * Readers, clones and pipes refer to the stream that they read, so a program that keeps any of these keeps the body.
 */

import type { ResponseBody } from "../exchange/response-body.ts";
import { finalizers } from "./collection.ts";

const registry: FinalizationRegistry<ResponseBody> | undefined = finalizers((body) => body.handleCollected());

/** Gives `body` up once `holder`, and every other holder that was registered for it, has been collected. */
export function watchUnclaimed(holder: object, body: ResponseBody): void {
  body.handleAdded();
  registry?.register(holder, body);
}
