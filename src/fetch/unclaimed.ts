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

/**
 * How many rounds of microtasks a program has to take its body before the holder is watched. Most call `bytes()` or `text()`
 * in the first one, and then there is nothing to watch; `async` functions around ours take up to three each.
 */
const ROUNDS = 8;

/** Holders that the program got in this turn, each followed by its body. */
let fresh: (object | ResponseBody)[] = [];
let rounds = 0;

/**
 * Gives `body` up once `holder`, and every other holder that was registered for it, has been collected. V8 makes a record in the
 * old generation for each holder that is watched, and many of these start a full garbage collection.
 */
export function watchUnclaimed(holder: object, body: ResponseBody): void {
  if (registry === undefined) return;
  body.handleAdded();
  fresh.push(holder, body);
  if (fresh.length > 2) return;
  rounds = 0;
  queueMicrotask(watch);
}

function watch(): void {
  rounds += 1;
  if (rounds < ROUNDS) return queueMicrotask(watch);
  const given = fresh;
  fresh = [];
  for (let at = 0; at < given.length; at += 2) {
    const body = given[at + 1] as ResponseBody;
    if (body.mayBeLeft) registry?.register(given[at] as object, body);
  }
}
