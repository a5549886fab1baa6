/**
 * Normalize: the arguments of `fetch` to one checked request. Other realms and libraries bring `Request`s of their
 * own, so one is known by its shape; members of `RequestInit` that mean something only in a browser are let pass.
 */

import type { Clock } from "../contract/clock.ts";
import { quoted } from "../contract/excerpt.ts";
import { checkMethod, type RequestFields, requestFields } from "../http1/send/request-head.ts";
import { type BodySource, type PreparedBody, prepareBody } from "./body-init.ts";
import { refuseBodyOn, refuseLengthAlone, signalOf } from "./call-checks.ts";
import { unsentBodyError } from "./fetch-error.ts";
import { LookAhead } from "./look-ahead.ts";
import { isAsyncIterable, isStream } from "./pieces.ts";
import { type HeadersSource, headerPairs } from "./request.ts";
import type { RequestTarget, TargetReader } from "./request-target.ts";

/** What `fetch` takes: a URL, or anything shaped like a `Request`. */
export type FetchInput = string | URL | RequestLike;

/** The part of a `Request` that is read. */
export interface RequestLike {
  readonly url: string;
  readonly method?: string | undefined;
  readonly headers?: HeadersSource | undefined;
  /**
   * Taken in the call. A stream that came without a `Content-Length` is looked at as long as its pieces lie in memory
   * already, 16 MiB at most: if it ends there, as that of a string, a Blob or a form does, it goes with its length and can
   * be sent again; else chunked, and once.
   */
  readonly body?: ReadableStream<Uint8Array> | null | undefined;
  readonly bodyUsed?: boolean | undefined;
  readonly signal?: AbortSignal | null | undefined;
  readonly redirect?: string | undefined;
}

/** What `fetch` takes besides. `keepalive` is let pass: in the standard it is about leaving a page, not about pooling. */
export interface FetchInit {
  readonly method?: string;
  readonly headers?: HeadersSource | undefined;
  /**
   * Copied in the call, where it can change later. Forms and Blobs are read part by part as they are sent, with their
   * length announced. A stream is the pool's from the call on: it is cancelled where the request ends before it was read.
   */
  readonly body?: BodySource | null | undefined;
  readonly signal?: AbortSignal | null | undefined;
  readonly redirect?: "follow" | "manual" | "error";
  readonly duplex?: "half";
  readonly keepalive?: boolean;
}

/** A request that can be sent, and sent on. */
export interface FetchRequest {
  readonly route: RequestTarget;
  readonly method: string;
  readonly fields: RequestFields;
  readonly headers: readonly (readonly [string, string])[];
  readonly body: PreparedBody | LookAhead | undefined;
  readonly signal: AbortSignal | undefined;
  readonly redirect: "follow" | "manual" | "error";
}

/** Members that ask for something a pool cannot do, and so must not pass in silence. */
const REFUSED = ["dispatcher", "client", "agent", "proxy", "unix", "tls", "integrity"] as const;

/** Methods whose letter case the standard mends. */
const UPPERCASED: ReadonlySet<string> = new Set(["DELETE", "GET", "HEAD", "OPTIONS", "POST", "PUT"]);

/** What arguments are read with, before there is a transport. */
export interface FetchTerms {
  readonly router: TargetReader;
  /** Whose turns a body is looked at in. */
  readonly clock: Pick<Clock, "turn" | "now">;
}

/**
 * Reads the arguments, all of them now: what becomes of them after the call changes nothing.
 *
 * @param defaults None while there is no transport: see {@linkcode completed}.
 * @throws {TypeError} naming what is wrong. @throws {HoldfastError} when the body's own functions throw.
 */
export function normalizeRequest(
  input: FetchInput,
  init: FetchInit,
  defaults: HeaderDefaults,
  { router, clock }: FetchTerms,
): FetchRequest {
  for (const name of REFUSED) {
    const value = (init as Readonly<Record<string, unknown>>)[name];
    if (value !== undefined && value !== null && value !== "")
      throw new TypeError(`fetch option "${name}" cannot be honoured by a pool`);
  }
  const request = isRequestLike(input) ? input : undefined;
  const route = router.find(urlOf(request?.url ?? (input as string | URL)));
  const method = normalMethod(init.method ?? request?.method ?? "GET");
  const headers = withDefaults([...headerPairs(init.headers ?? request?.headers ?? [])], defaults);
  const fields = requestFields(headers);
  return {
    route,
    method,
    headers,
    fields,
    body: bodyOf({ request, init, method, fields, origin: route.origin.key, clock }),
    signal: signalOf(init.signal === undefined ? request?.signal : init.signal),
    redirect: redirectOf(init.redirect ?? request?.redirect ?? "follow"),
  };
}

/** A request that was read before there was a transport, which knows what codings it can ask for. */
export function completed(request: FetchRequest, defaults: HeaderDefaults): FetchRequest {
  const headers = withDefaults(request.headers, defaults);
  return { ...request, headers, fields: requestFields(headers) };
}

/** Whatever else it is, its text counts, as the standard says. */
function urlOf(url: string | URL): string | URL {
  return url instanceof URL ? url : String(url);
}

/** A `GET` with the defaults and nothing else: most calls are `fetch(url)`. */
export function plainGet(route: RequestTarget, { headers, fields }: PlainHeaders): FetchRequest {
  return { route, method: "GET", headers, fields, body: undefined, signal: undefined, redirect: "follow" };
}

/** The defaults, written out once. */
export interface PlainHeaders {
  readonly headers: HeaderDefaults;
  readonly fields: RequestFields;
}

/** Sent where the caller sets none of that name. */
export type HeaderDefaults = readonly (readonly [string, string])[];

function withDefaults(headers: FetchRequest["headers"], defaults: HeaderDefaults): FetchRequest["headers"] {
  const given = new Set(headers.map(([name]) => String(name).toLowerCase()));
  const missing = defaults.filter(([name]) => !given.has(name));
  // A part of a coded body cannot be decoded, so the standard asks for none together with a range.
  const ranged = given.has("range")
    ? missing.map(([name, value]) => [name, name === "accept-encoding" ? "identity" : value] as const)
    : missing;
  return [...headers, ...ranged];
}

function isRequestLike(input: FetchInput): input is RequestLike {
  return typeof input === "object" && input !== null && !("href" in input) && typeof input.url === "string";
}

function normalMethod(method: string): string {
  const upper = method.toUpperCase();
  const normal = UPPERCASED.has(upper) ? upper : method;
  checkMethod(normal);
  if (upper === "TRACE" || upper === "TRACK") throw new TypeError(`fetch does not allow the method ${upper}`);
  return normal;
}

function redirectOf(mode: string): FetchRequest["redirect"] {
  if (mode === "follow" || mode === "manual" || mode === "error") return mode;
  throw new TypeError(`redirect must be "follow", "manual" or "error": current value is ${quoted(mode)}`);
}

interface BodyContext {
  readonly request: RequestLike | undefined;
  readonly init: FetchInit;
  readonly method: string;
  readonly fields: RequestFields;
  readonly origin: string;
  readonly clock: Pick<Clock, "turn">;
}

function bodyOf({ request, init, method, fields, origin, clock }: BodyContext): FetchRequest["body"] {
  const unsent = (cause: unknown) => unsentBodyError(origin, method, cause);
  if (init.body !== undefined && init.body !== null) {
    refuseBodyOn(method);
    if (isStream(init.body) && init.duplex !== "half")
      throw new TypeError('fetch needs duplex: "half" to send a stream');
    const streams = isStream(init.body) || isAsyncIterable(init.body);
    return prepareBody(init.body, { length: streams ? fields.contentLength : undefined, copy: true, unsent });
  }
  const body = request?.body;
  if (body === null || body === undefined) {
    refuseLengthAlone(fields);
    return undefined;
  }
  refuseBodyOn(method);
  if (request?.bodyUsed === true || body.locked)
    throw new TypeError("The body of the Request has been read already, or is being read");
  try {
    return new LookAhead(body, { clock, length: fields.contentLength, unsent });
  } catch (cause) {
    throw unsent(cause);
  }
}
