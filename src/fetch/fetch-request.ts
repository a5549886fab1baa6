/**
 * Fetch request: from the arguments of `fetch` to one checked request. A `Request` is recognised by its shape, because
 * other realms and libraries have classes of their own.
 */

import { quoted } from "../contract/excerpt.ts";
import type { Origin } from "../contract/origin.ts";
import type { RequestFields } from "../contract/wire.ts";
import { checkMethod, requestFields } from "../http1/send/request-head.ts";
import { type HeadersSource, refuseBodyOn, refuseLengthAlone, signalOf, upperCased } from "./arguments.ts";
import { isBadPort } from "./bad-ports.ts";
import type { ReadContext } from "./call-context.ts";
import { type CallOptions, callOptions, type HoldsCallOptions } from "./call-options.ts";
import { acceptEncoding, type FindDecoder } from "./decode.ts";
import { badPortError, requestBodyError } from "./fetch-errors.ts";
import { type HeaderList, headerList } from "./header-list.ts";
import { type Expected, expectedOf } from "./integrity.ts";
import { LengthProbe } from "./length-probe.ts";
import { isAsyncIterable, isStream } from "./pieces.ts";
import { type BodySource, type PreparedBody, prepareBody } from "./prepare-body.ts";
import type { RequestUrl } from "./request-url.ts";

/** The first argument of `fetch`: a URL, or anything shaped like a `Request`. */
export type FetchInput = string | URL | RequestLike;

/** The members of a `Request` that are read. All but `url` may be missing. */
export interface RequestLike {
  /** Absolute, `http:` or `https:`, without credentials. */
  readonly url: string;
  /** As in {@linkcode FetchInit}. */
  readonly method?: string | undefined;
  /** As in {@linkcode FetchInit}. */
  readonly headers?: HeadersSource | undefined;
  /**
   * Locked in the call. Without a `Content-Length`, its pieces are read ahead as long as they lie in memory already,
   * 16 MiB at most. If the body ends there, as that of a string, a Blob or a form does, it is sent with its length and
   * can be sent again. Otherwise it is sent chunked, and once.
   */
  readonly body?: ReadableStream<Uint8Array> | null | undefined;
  /** `true`: the body was read already. To send it is a `TypeError`. */
  readonly bodyUsed?: boolean | undefined;
  /** As in {@linkcode FetchInit}. */
  readonly signal?: AbortSignal | null | undefined;
  /** As in {@linkcode FetchInit}. */
  readonly redirect?: string | undefined;
  /** As in {@linkcode FetchInit}. */
  readonly integrity?: string | undefined;
}

/** The second argument of `fetch`. Its members replace those of a `Request`. */
export interface FetchInit extends HoldsCallOptions {
  /** Sent in upper case where the standard says so: `"post"` is `POST`, but `"patch"` stays as it is. @default "GET" */
  readonly method?: string;
  /**
   * Sent besides `Accept`, `User-Agent` and `Accept-Encoding`, or in place of these. Fields that concern one hop
   * (`TE`, `Upgrade` …) are dropped, but `Connection: close` is obeyed. @default none
   */
  readonly headers?: HeadersSource | undefined;
  /**
   * Not allowed with GET or HEAD. @default none
   *
   * Bytes are copied in the call. Forms and Blobs are read part by part while they are sent; their length is announced.
   * A stream belongs to the pool from the call on, and is cancelled where the request ends before the stream was read.
   */
  readonly body?: BodySource | null | undefined;
  /**
   * Ends the call when it is aborted, in every phase; the promise, or the body, then rejects with its reason, untouched.
   * `null` replaces the signal of a `Request` by none. @default none
   */
  readonly signal?: AbortSignal | null | undefined;
  /**
   * `"follow"`: at most 20 redirects, as in the standard. `"manual"`: the redirect itself is the response. `"error"`: a
   * redirect rejects with `ERR_REDIRECT`. @default "follow"
   */
  readonly redirect?: "follow" | "manual" | "error";
  /**
   * Hashes of the body, as in an HTML page (`sha256-…`). The response comes when all of it has arrived and is the one
   * expected; otherwise the call rejects with `ERR_INTEGRITY`. @default `""`: not checked.
   */
  readonly integrity?: string;
  /** Must be `"half"` where the body is a stream, as the standard says. */
  readonly duplex?: "half";
  /** Ignored: in the standard it is about requests that outlive their page, not about reusing connections. */
  readonly keepalive?: boolean;
}

/** A checked request, with all that a redirect needs to make the next one of it. */
export interface FetchRequest {
  readonly url: RequestUrl;
  readonly method: string;
  readonly fields: RequestFields;
  /** The same as `fields`, as pairs: a redirect takes some of them away. */
  readonly headers: HeaderList;
  readonly body: PreparedBody | LengthProbe | undefined;
  readonly signal: AbortSignal | undefined;
  readonly redirect: "follow" | "manual" | "error";
  /** What the body must hash to. */
  readonly integrity: Expected | undefined;
  /** What the call says in place of the pool's options. */
  readonly call: CallOptions | undefined;
}

/**
 * Reads all arguments now: changes that the caller makes to them after the call have no effect.
 *
 * @param defaults `undefined` while the transport is not loaded; {@linkcode withDefaultHeaders} adds them then.
 * @throws {TypeError} naming what is wrong. @throws {HoldfastError} when the body's own functions throw.
 */
export function fetchRequest(
  input: FetchInput,
  init: FetchInit,
  defaults: DefaultHeaders | undefined,
  { urls, clock, ignored }: ReadContext,
): FetchRequest {
  ignored.check(init);
  const request = isRequestLike(input) ? input : undefined;
  const url = urls.read(urlOf(request?.url ?? (input as string | URL)));
  const method = normalMethod(init.method ?? request?.method ?? "GET");
  const given = headerList(init.headers ?? request?.headers ?? []);
  const headers = defaults === undefined ? given : completed(given, defaults[url.origin.scheme].headers);
  const fields = requestFields(headers);
  const signal = signalOf(init.signal === undefined ? request?.signal : init.signal);
  const redirect = redirectOf(init.redirect ?? request?.redirect ?? "follow");
  const call = callOptions(init.holdfast);
  refuseBadPort(url, method);
  // The last of all: a call that is refused must not lock the body.
  const body = bodyOf({ request, init, method, headers, fields, origin: url.origin.key, clock });
  const integrity = expectedOf(String(init.integrity ?? request?.integrity ?? ""));
  return { url, method, headers, fields, body, signal, redirect, integrity, call };
}

/**
 * A request that was read before the transport was loaded, with the default headers: only the transport knows which
 * codings to ask for.
 */
export function withDefaultHeaders(request: FetchRequest, defaults: DefaultHeaders): FetchRequest {
  const headers = completed(request.headers, defaults[request.url.origin.scheme].headers);
  return { ...request, headers, fields: requestFields(headers) };
}

/**
 * A request that a redirect led away from the scheme `from`. The default headers of its own scheme replace those of the other: the
 * standard adds them to a copy of the request (Fetch, "HTTP-network-or-cache fetch"). What the caller gave is a pair of its own.
 */
export function withOwnDefaults(
  request: FetchRequest,
  from: Origin["scheme"],
  defaults: DefaultHeaders,
): FetchRequest {
  if (request.url.origin.scheme === from) return request;
  const others = defaults[from].headers;
  const headers = request.headers.filter((pair) => !others.includes(pair));
  return withDefaultHeaders({ ...request, headers }, defaults);
}

/** Anything that is no `URL` is converted to a string, as the standard says. */
function urlOf(url: string | URL): string | URL {
  return url instanceof URL ? url : String(url);
}

/** @throws {HoldfastError} for a port of another protocol: to the standard, that is a failure of the network. */
function refuseBadPort({ origin }: RequestUrl, method: string): void {
  if (isBadPort(origin.port)) throw badPortError(origin, method);
}

/** The request of `fetch(url)`, which most calls are: a GET with the default headers and nothing else. */
export function bareGet(url: RequestUrl, defaults: DefaultHeaders): FetchRequest {
  refuseBadPort(url, "GET");
  const { headers, fields } = defaults[url.origin.scheme];
  return {
    url,
    method: "GET",
    headers,
    fields,
    body: undefined,
    signal: undefined,
    redirect: "follow",
    integrity: undefined,
    call: undefined,
  };
}

/** Headers sent where the caller sets none of the same name, as pairs and as they are written. */
interface HeaderDefaults {
  readonly headers: HeaderList;
  readonly fields: RequestFields;
}

/** The default headers of a pool, by the scheme of the request. */
export type DefaultHeaders = Readonly<Record<Origin["scheme"], HeaderDefaults>>;

/** The default headers of a pool. */
export function defaultHeaders(userAgent: string, findDecoder: FindDecoder): DefaultHeaders {
  const offering = (coding: string): HeaderDefaults => {
    const headers: [string, string][] = [
      ["accept", "*/*"],
      ["user-agent", userAgent],
    ];
    if (coding !== "") headers.push(["accept-encoding", coding]);
    return { headers, fields: requestFields(headers) };
  };
  return {
    http: offering(acceptEncoding(findDecoder, "http")),
    https: offering(acceptEncoding(findDecoder, "https")),
  };
}

/** The headers, and those of the defaults whose names are missing. */
function completed(headers: HeaderList, defaults: HeaderList): HeaderList {
  const given = new Set(headers.map(([name]) => String(name).toLowerCase()));
  const missing = defaults.filter(([name]) => !given.has(name));
  // The standard asks for "identity" together with a range: a part of a coded body cannot be decoded.
  const ranged = given.has("range")
    ? missing.map(([name, value]) => [name, name === "accept-encoding" ? "identity" : value] as const)
    : missing;
  return [...headers, ...ranged];
}

function isRequestLike(input: FetchInput): input is RequestLike {
  return typeof input === "object" && input !== null && !("href" in input) && typeof input.url === "string";
}

export function normalMethod(method: string): string {
  const normal = upperCased(method);
  checkMethod(normal);
  const upper = method.toUpperCase();
  if (upper === "TRACE" || upper === "TRACK") throw new TypeError(`fetch does not allow the method ${upper}`);
  return normal;
}

export function redirectOf(mode: string): FetchRequest["redirect"] {
  if (mode === "follow" || mode === "manual" || mode === "error") return mode;
  throw new TypeError(`redirect must be "follow", "manual" or "error": current value is ${quoted(mode)}`);
}

interface BodyArguments {
  readonly request: RequestLike | undefined;
  readonly init: FetchInit;
  readonly method: string;
  readonly headers: HeaderList;
  readonly fields: RequestFields;
  readonly origin: string;
  readonly clock: ReadContext["clock"];
}

function bodyOf({
  request,
  init,
  method,
  headers,
  fields,
  origin,
  clock,
}: BodyArguments): FetchRequest["body"] {
  const toError = (cause: unknown) => requestBodyError(origin, method, cause);
  if (init.body !== undefined && init.body !== null) {
    refuseBodyOn(method);
    if (isStream(init.body) && init.duplex !== "half")
      throw new TypeError('fetch needs duplex: "half" to send a stream');
    const streams = isStream(init.body) || isAsyncIterable(init.body);
    return prepareBody(init.body, {
      length: streams ? fields.contentLength : undefined,
      copy: true,
      standard: true,
      toError,
    });
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
    return new LengthProbe(body, {
      clock,
      length: fields.contentLength,
      toError,
      isNodeForm: isNodeForm(headers),
    });
  } catch (cause) {
    throw toError(cause);
  }
}

/** Whether the type of the content has a boundary as Node's own `Request` writes it, here or where it came from. */
function isNodeForm(headers: HeaderList): boolean {
  return headers.some(
    ([name, value]) => name.toLowerCase() === "content-type" && value.includes("formdata-undici"),
  );
}
