/**
 * Dropped: responses that nobody holds any more though their body was not read. The garbage collector tells, some
 * time; then the rest is read if it is little, or the connection closed, so that it is not leased for ever.
 */

import type { ResponseBody } from "../http1/body.ts";

const registry: FinalizationRegistry<ResponseBody> = new FinalizationRegistry((body) => body.dropped());

/** Gives `body` up once `response` is collected, unless somebody is reading it. */
export function watchDropped(response: object, body: ResponseBody): void {
  registry.register(response, body);
}
