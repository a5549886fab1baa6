/** Checks: what `fetch` and `request` refuse alike, before a socket is opened. */

import { excerpt } from "../contract/excerpt.ts";
import type { RequestFields } from "../http1/send/request-head.ts";

/** @throws {TypeError} for methods whose body has no meaning (RFC 9110 §9.3.1, §9.3.2). */
export function refuseBodyOn(method: string): void {
  if (method === "GET" || method === "HEAD") throw new TypeError(`A ${method} request must not have a body`);
}

/** @throws {TypeError} when a length is announced and nothing follows: the server would wait for it. */
export function refuseLengthAlone({ contentLength }: RequestFields): void {
  if (contentLength === undefined || contentLength === 0) return;
  throw new TypeError(`Header "content-length" is ${contentLength}, but there is no body`);
}

/** By its shape: libraries bring signals of their own. @throws {TypeError} when it is none. */
export function signalOf(signal: unknown): AbortSignal | undefined {
  if (signal === undefined || signal === null) return undefined;
  if (typeof signal === "object" && "aborted" in signal && "addEventListener" in signal)
    return signal as AbortSignal;
  throw new TypeError(`signal must be an AbortSignal: current value is ${excerpt(String(signal))}`);
}
