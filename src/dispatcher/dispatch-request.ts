/** Dispatch request: from the options of `dispatch()` to a request that the pool can send. */

import { excerpt } from "../contract/excerpt.ts";
import { type Origin, originOf, upgradeOriginOf } from "../contract/origin.ts";
import type { RequestFields } from "../contract/wire.ts";
import type { InterimListener, RequestDeadlines, WireRequest } from "../exchange/message.ts";
import { isRepeatable, withContentType } from "../fetch/arguments.ts";
import { type ReadContext, usualFor } from "../fetch/call-context.ts";
import { callOrigin } from "../fetch/call-options.ts";
import { checkMethod } from "../http1/send/request-head.ts";
import { FIELD_TEXT } from "../http1/syntax.ts";
import { preparedDispatchBody } from "./dispatch-body.ts";
import { DispatchError, invalidArgument } from "./dispatch-error.ts";
import type { DispatchOptions } from "./dispatch-types.ts";
import { SentFieldsMemo } from "./sent-fields.ts";

/** Spellings of origins that are remembered. A program that reaches this visits ever new origins, so all are dropped. */
const MAX_SPELLINGS = 1000;

/** Origins by their spelling, the last target, and the last fields. */
export class RequestMemo {
  readonly fields: SentFieldsMemo = new SentFieldsMemo();
  readonly #known: Map<string, Origin> = new Map();
  #last = "";
  #lastOrigin: Origin | undefined;
  #lastPath = "*";

  /** @throws {TypeError} when it is not absolute, not http(s), or carries credentials. */
  read(spelling: unknown): Origin {
    const text = typeof spelling === "string" ? spelling : String(spelling);
    if (text === this.#last && this.#lastOrigin !== undefined) return this.#lastOrigin;
    const origin = this.#known.get(text) ?? this.#added(text);
    this.#last = text;
    this.#lastOrigin = origin;
    return origin;
  }

  /** The target of a request. Programs often repeat one. @throws {DispatchError} for one that must not be sent. */
  target(options: DispatchOptions): string {
    const { path, query } = options;
    if (path === this.#lastPath && (query === undefined || query === null)) return path;
    const target = targetOf(options);
    this.#lastPath = target;
    return target;
  }

  #added(text: string): Origin {
    const origin = originOf(text);
    if (this.#known.size >= MAX_SPELLINGS) this.#known.clear();
    this.#known.set(text, origin);
    return origin;
  }
}

/** What a target may consist of. undici takes the same characters, and a fragment, which no server does. */
const TARGET = /^\/[\x21-\x22\x24-\xff]*$/;

/**
 * Reads the options of one call.
 *
 * @throws {DispatchError} for what is wrong or not honoured; it names the option.
 */
export function readDispatch(
  options: DispatchOptions,
  memo: RequestMemo,
  reading: ReadContext,
  interim: InterimListener,
): WireRequest {
  if (typeof options !== "object" || options === null) throw invalidArgument("opts must be an object.");
  refuseForeign(options);
  try {
    return read(options, memo, reading, interim);
  } catch (error) {
    if (error instanceof TypeError || error instanceof RangeError) throw argumentError(error);
    throw error;
  }
}

function argumentError(error: Error): DispatchError {
  const { message } = error;
  return message.startsWith('Header "content-length" is')
    ? new DispatchError("UND_ERR_REQ_CONTENT_LENGTH_MISMATCH", message, error)
    : invalidArgument(message, error);
}

function read(
  options: DispatchOptions,
  memo: RequestMemo,
  reading: ReadContext,
  interim: InterimListener,
): WireRequest {
  const { method, upgrade } = options;
  const origin = memo.read(options.origin);
  refuseOtherName(options, origin);
  const fields = memo.fields.of(options);
  const usual = usualFor(reading, origin);
  const deadlines = ownDeadlines(options, usual);
  const isUpgrade = upgrade !== undefined && upgrade !== null && upgrade !== false;
  if (method === "CONNECT" || isUpgrade) {
    const message = method === "CONNECT" ? tunnel(options.path, fields) : switching(options, fields);
    return requestOf({ ...message, method, origin: upgradeOriginOf(origin) }, options, {
      deadlines,
      interim,
    });
  }
  checkMethod(method);
  const target = memo.target(options);
  const prepared = preparedDispatchBody(options.body, fields.contentLength, {
    key: origin.key,
    method,
    clock: reading.clock,
  });
  if (prepared === undefined) refuseLength(fields);
  const sent = prepared === undefined ? fields : withContentType(fields, prepared);
  const body = prepared?.body;
  const over = options.allowH2 === false ? callOrigin(origin, { http2: false }, usual.http2) : origin;
  return requestOf({ method, origin: over, target, fields: sent, body }, options, { deadlines, interim });
}

/** What a request consists of, and what it is sent with. Each member is named: spreading costs three times as much (Node 24). */
function requestOf(
  {
    method,
    origin,
    target,
    fields,
    body,
  }: Pick<WireRequest, "method" | "origin" | "target" | "fields" | "body">,
  { idempotent }: DispatchOptions,
  { deadlines, interim }: Pick<WireRequest, "deadlines" | "interim">,
): WireRequest {
  return {
    origin,
    method,
    target,
    repeatable: idempotent ?? (method !== "CONNECT" && isRepeatable(method, fields, false)),
    signal: undefined,
    deadlines,
    fields,
    body,
    calledAt: undefined,
    interim,
    doubt: idempotent === false ? false : undefined,
    idempotent: idempotent === true ? true : undefined,
  };
}

/** Options of other dispatchers that are not silently ignored. */
interface ForeignOptions {
  readonly maxRedirections?: unknown;
  readonly typeOfService?: unknown;
}

function refuseForeign(options: DispatchOptions): void {
  const { maxRedirections, typeOfService } = options as ForeignOptions;
  if (typeof maxRedirections === "number" && maxRedirections !== 0)
    throw invalidArgument("maxRedirections is not honoured: compose the redirect interceptor");
  if (typeof typeOfService === "number" && typeOfService !== 0)
    throw invalidArgument("typeOfService is not honoured: the pool's sockets have no such option");
}

/**
 * undici's `dns` interceptor asks for an address, and TLS for the name. The pool looks names up itself, and its connections
 * are known by the name.
 */
function refuseOtherName(options: DispatchOptions, { scheme, hostname }: Origin): void {
  const { servername } = options as { readonly servername?: unknown };
  if (scheme !== "https" || typeof servername !== "string" || servername === "" || servername === hostname)
    return;
  throw invalidArgument(
    `servername "${excerpt(servername)}" is not honoured for ${hostname}: the pool looks names up itself, so leave out the dns interceptor; tls.serverName of the pool is for all of its connections`,
  );
}

function refuseLength({ contentLength }: RequestFields): void {
  if (contentLength === undefined || contentLength === 0) return;
  throw new TypeError(`Header "content-length" is ${contentLength}, but there is no body`);
}

function targetOf({ path, query }: DispatchOptions): string {
  if (typeof path !== "string") throw invalidArgument("path must be a string");
  if (path === "*") return path;
  const target = query === undefined || query === null ? path : withQuery(path, query);
  if (TARGET.test(target)) return target;
  throw invalidArgument(
    `path must start with a slash, and must not hold blanks, control characters, a fragment or characters beyond U+00FF: current value is "${excerpt(target)}"`,
  );
}

function withQuery(path: string, query: Readonly<Record<string, unknown>>): string {
  if (path.includes("?")) throw invalidArgument('query must not be given with a path that contains "?"');
  const pairs = Object.entries(query).flatMap(([name, value]) =>
    (Array.isArray(value) ? value : [value]).map((one) => [name, String(one ?? "")]),
  );
  const text = new URLSearchParams(pairs).toString();
  return text === "" ? path : `${path}?${text}`;
}

/** With CONNECT the path is where the tunnel goes. */
function tunnel(path: unknown, fields: RequestFields) {
  const target = typeof path === "string" && path.startsWith("/") ? path.slice(1) : path;
  if (typeof target !== "string" || !/^[\x21-\x7e]{1,300}$/.test(target) || /[/?#@]/.test(target))
    throw invalidArgument("path must be host:port with CONNECT");
  return { target, fields: { ...fields, host: fields.host ?? target }, body: undefined };
}

/** A request that asks for another protocol. */
function switching(options: DispatchOptions, fields: RequestFields) {
  const { method, upgrade } = options;
  checkMethod(method);
  if (typeof upgrade !== "string" || upgrade === "" || !FIELD_TEXT.test(upgrade))
    throw invalidArgument("upgrade must be a string");
  const lines = `${fields.lines}upgrade: ${upgrade}\r\n`;
  return { target: targetOf(options), fields: { ...fields, lines, upgrade }, body: undefined };
}

function ownDeadlines(options: DispatchOptions, ofPool: RequestDeadlines): RequestDeadlines {
  const { headersTimeout = null, bodyTimeout = null } = options;
  if (headersTimeout === null && bodyTimeout === null) return ofPool;
  return {
    acquireTimeoutMs: ofPool.acquireTimeoutMs,
    headersTimeoutMs: deadline(headersTimeout, "headersTimeout") ?? ofPool.headersTimeoutMs,
    bodyIdleTimeoutMs: deadline(bodyTimeout, "bodyTimeout") ?? ofPool.bodyIdleTimeoutMs,
    requestTimeoutMs: ofPool.requestTimeoutMs,
  };
}

/** 0 is undici's word for "off". */
function deadline(value: number | null, name: string): number | undefined {
  if (value === null) return undefined;
  if (typeof value !== "number" || !Number.isFinite(value) || value < 0)
    throw invalidArgument(
      `${name} must be a number of ms from 0: current value is ${excerpt(String(value))}`,
    );
  return value === 0 ? Infinity : value;
}
