/** Arguments: what `fetch` and `request` read and refuse alike, before a socket is opened. */

import type { RequestFields } from "../contract/wire.ts";
import { isIdempotent } from "../rules/retry.ts";
import { guardedSignal } from "./foreign-signal.ts";
import type { PreparedBody } from "./prepare-body.ts";

/**
 * Header fields, as pairs or as an object. An array in an object sends the field once for each of its values.
 * A `Headers` object is one of these.
 */
export type HeadersSource =
  | Iterable<readonly [string, string]>
  | Readonly<Record<string, string | readonly string[]>>;

/** Pairs of names and values, from any form of {@linkcode HeadersSource}. */
export function headerPairs(source: HeadersSource): Iterable<readonly [string, string]> {
  return Symbol.iterator in source
    ? (source as Iterable<readonly [string, string]>)
    : recordPairs(source as Readonly<Record<string, string | readonly string[]>>);
}

function* recordPairs(
  source: Readonly<Record<string, string | readonly string[]>>,
): Generator<readonly [string, string]> {
  for (const [name, value] of Object.entries(source)) {
    if (Array.isArray(value)) for (const one of value) yield [name, one];
    else yield [name, value as string];
  }
}

/** Methods that the standard converts to upper case. */
const UPPERCASED: ReadonlySet<string> = new Set(["DELETE", "GET", "HEAD", "OPTIONS", "POST", "PUT"]);

/** The method as `fetch` sends it (Fetch §2.2.1). */
export function upperCased(method: string): string {
  const upper = method.toUpperCase();
  return UPPERCASED.has(upper) ? upper : method;
}

/** @throws {TypeError} for methods that give a body no meaning (RFC 9110 §9.3.1, §9.3.2). */
export function refuseBodyOn(method: string): void {
  if (method === "GET" || method === "HEAD") throw new TypeError(`A ${method} request must not have a body`);
}

/** @throws {TypeError} when a length is announced without a body: the server would wait for the body. */
export function refuseLengthAlone({ contentLength }: RequestFields): void {
  if (contentLength === undefined || contentLength === 0) return;
  throw new TypeError(`Header "content-length" is ${contentLength}, but there is no body`);
}

/** Recognised by shape: libraries and other realms have classes of their own. @throws {TypeError} for anything else. */
export function signalOf(signal: unknown): AbortSignal | undefined {
  if (signal === undefined || signal === null) return undefined;
  if (typeof signal === "object" && "aborted" in signal && "addEventListener" in signal)
    return guardedSignal(signal as AbortSignal);
  throw new TypeError(`signal must be an AbortSignal: current value is of type ${typeof signal}`);
}

/**
 * Whether executing the request twice does the same as once: by its method, by an `Idempotency-Key`
 * (draft-ietf-httpapi-idempotency-key-header), or because the caller says so.
 */
export function isRepeatable(method: string, fields: RequestFields, callerSaysSo: boolean): boolean {
  return (
    callerSaysSo ||
    isIdempotent(method) ||
    fields.names.has("idempotency-key") ||
    fields.names.has("x-idempotency-key")
  );
}

/**
 * The fields with the `Content-Type` of the body, unless the caller gave one.
 *
 * @throws {TypeError} when the caller's `Content-Length` is not the length of the body.
 */
export function withContentType(fields: RequestFields, { body, contentType }: PreparedBody): RequestFields {
  const { length } = body;
  if (fields.contentLength !== undefined && length !== undefined && fields.contentLength !== length) {
    throw new TypeError(
      `Header "content-length" is ${fields.contentLength}, but the body has ${length} bytes`,
    );
  }
  if (contentType === undefined || fields.names.has("content-type")) return fields;
  return { ...fields, lines: `${fields.lines}content-type: ${contentType}\r\n` };
}
