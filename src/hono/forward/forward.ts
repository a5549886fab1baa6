/** `forward()`: what every gateway must do with a request and its response, in one call. */

import type { Context } from "hono";
import type { BodySource } from "../../fetch/prepare-body.ts";
import { type ForwardedOptions, INTERIM } from "../../fetch/request.ts";
import { ClientRequestError } from "../upstream/client-errors.ts";
import { SENDER, type SentRequest, type UpstreamSender } from "../upstream/sender.ts";
import { type ClientSide, clientSide } from "./client-side.ts";
import { type ForwardOptions, type ForwardSettings, forwardSettings } from "./forward-options.ts";
import { interimListener } from "./interim.ts";
import { untouchedFields } from "./node-fields.ts";
import { type OutgoingFields, outgoingFields, removeLookalikes } from "./outgoing-fields.ts";
import { hostOf, pathToSend, refuseAmbiguous } from "./request-path.ts";
import { returnedResponse, type TrailerSink } from "./returned-response.ts";
import { baseOf } from "./target.ts";

/**
 * Passes the request on to `target` and returns the response, through the pool of {@linkcode upstream}, which must be
 * mounted before. Path and query of the request are appended to the target. Nothing is decoded, and no redirect followed.
 *
 * - Fields per hop (`Connection` and what it names, `TE`, `Upgrade`, `Proxy-Authorization` and the like) end here, before
 *   `edit` is called. Only `edit` can set `Proxy-Authorization`.
 * - What the client says of hops is replaced, or continued where `trust` says so. `Via` is added.
 * - Both messages are framed anew, and a request without a body gets none.
 * - When the client goes away, the request to the upstream ends.
 *
 * The headers of the response are mutable.
 *
 * @throws {TypeError | RangeError} for an unknown or wrong option, or a target that is not http(s).
 * @throws The errors of the pool, and those for a client's faults: {@linkcode upstreamErrorResponse} has the response for
 * each, and Hono's default error handler answers with it.
 *
 * @example
 * ```ts
 * app.use(upstream({ idleTimeout: "50s" }));
 * app.all("/api/*", (c) =>
 *   forward(c, "http://api.internal:8080", {
 *     edit: (headers) => headers.set("x-user", c.get("user")),
 *     trust: 1,
 *   }),
 * );
 * ```
 */
export async function forward(c: Context, target: string | URL, options?: ForwardOptions): Promise<Response> {
  const settings = forwardSettings(options);
  const base = baseOf(target);
  const sender = senderOf(c);
  try {
    const { raw } = c.req;
    const { method } = raw;
    const client = clientSide(c.env, sender.original);
    const path = sentPath(c, settings, client);
    const outgoing = fieldsOf(c, settings, client);
    const turnedBack = method === "OPTIONS" ? countHop(outgoing) : undefined;
    if (turnedBack !== undefined) return turnedBack;
    const trailersTo = outgoing.takesTrailers ? trailerSink(client) : undefined;
    const body = mayHaveBody(method, outgoing) ? await bodyOf(c, outgoing, client) : undefined;
    const { edit } = settings;
    const fields = edit === undefined ? outgoing.fields : await edited(outgoing.fields, edit, c);
    if (body !== undefined && outgoing.contentLength !== undefined && !raw.bodyUsed)
      fields.push(["content-length", outgoing.contentLength]);
    if (trailersTo !== undefined) fields.push(["te", "trailers"]);
    const request: SentRequest = {
      method,
      headers: fields,
      signal: null,
      [INTERIM]: interimListener(client),
    };
    if (body !== undefined) addBody(request, body, passedTrailers(settings, outgoing, client));
    return returnedResponse(await sender.send(base + path, request), method, trailersTo);
  } catch (error) {
    throw sender.failed(error);
  }
}

/** Where the client's server takes trailers; `undefined` if it does not. */
function trailerSink({ incoming, outgoing }: ClientSide): TrailerSink | undefined {
  if (typeof outgoing?.addTrailers !== "function") return undefined;
  return { outgoing, inChunks: incoming?.httpVersionMajor !== 2 };
}

function addBody(request: SentRequest, body: BodySource, trailers: ForwardedOptions["trailers"]): void {
  request.body = body;
  if (trailers !== undefined) request.trailers = trailers;
}

/** What of the request's trailers is sent on, asked for when its body has ended; `undefined` if none can follow it. */
function passedTrailers(
  { trailers: wanted }: ForwardSettings,
  { contentLength }: OutgoingFields,
  { incoming }: ClientSide,
): (() => [string, string][]) | undefined {
  if (wanted.length === 0 || contentLength !== undefined || incoming === undefined) return undefined;
  return () => {
    const { rawTrailers: raw = [] } = incoming;
    const sent: [string, string][] = [];
    for (let at = 0; at + 1 < raw.length; at += 2) {
      const name = (raw[at] as string).toLowerCase();
      if (wanted.includes(name)) sent.push([name, raw[at + 1] as string]);
    }
    return sent;
  };
}

/** @throws {TypeError} without `upstream()`. */
export function senderOf(c: Context): UpstreamSender {
  const sender = (c.get("upstream") as { readonly [SENDER]?: UpstreamSender } | undefined)?.[SENDER];
  if (sender === undefined) throw new TypeError("forward() needs upstream(): mount it before the route");
  return sender;
}

/** Path and query to send. @throws {ClientRequestError} 400 */
export function sentPath(c: Context, settings: ForwardSettings, { incoming }: ClientSide): string {
  return settings.path === undefined
    ? pathToSend(c.req.raw.url, incoming?.url, settings.dotSegments)
    : refuseAmbiguous(settings.path);
}

/** What of the client's fields is sent. @throws {ClientRequestError} */
export function fieldsOf(
  c: Context,
  settings: ForwardSettings,
  { address, version, protocol, incoming }: ClientSide,
): OutgoingFields {
  const { url, headers } = c.req.raw;
  const host = hostOf(url);
  const { host: wanted } = settings;
  const sent = wanted === "client" ? host : wanted;
  const cookie = incoming?.headers?.cookie;
  const plan = {
    hop: { address, host, protocol },
    trusted: settings.trusted(c),
    forwarded: settings.forwarded,
    version,
    via: settings.via,
    cookie: typeof cookie === "string" ? cookie : undefined,
    host: wanted === "target" ? undefined : sent,
  };
  return outgoingFields(headers, plan, untouchedFields(headers, incoming));
}

/** The fields after `edit`. */
export async function edited(
  fields: readonly (readonly [string, string])[],
  edit: NonNullable<ForwardSettings["edit"]>,
  c: Context,
): Promise<[string, string][]> {
  const headers = new Headers(fields as [string, string][]);
  await edit(headers, c);
  removeLookalikes(headers);
  return [...headers];
}

/**
 * `Max-Forwards` of OPTIONS: at 0 the gateway is the one that was asked (RFC 9110 §7.6.2). Other methods may ignore it, and
 * TRACE is not supported.
 */
function countHop({ fields }: OutgoingFields): Response | undefined {
  const left = fields.find(([name]) => name === "max-forwards");
  if (left === undefined) return undefined;
  if (!/^\d{1,9}$/.test(left[1])) throw new ClientRequestError(400, "its Max-Forwards is no number");
  if (Number(left[1]) === 0) return new Response(null, { status: 204 });
  left[1] = String(Number(left[1]) - 1);
  return undefined;
}

/** Whether a body can come. @throws {ClientRequestError} for one that servers do not show. */
function mayHaveBody(method: string, { isChunked, contentLength }: OutgoingFields): boolean {
  if (method !== "GET" && method !== "HEAD") return true;
  if (isChunked || Number(contentLength ?? 0) !== 0)
    throw new ClientRequestError(400, `it is a ${method} with a body`);
  return false;
}

/**
 * The body to send; `undefined` without one. Over HTTP/1.1 a body is announced by its framing (RFC 9112 §6.3), and
 * @hono/node-server has a stream without one, too.
 */
async function bodyOf(
  c: Context,
  outgoing: OutgoingFields,
  { incoming }: ClientSide,
): Promise<BodySource | undefined> {
  const { raw } = c.req;
  const isFramed = outgoing.isChunked || outgoing.contentLength !== undefined;
  if (outgoing.contentLength === "0") return undefined;
  if (!isFramed && (incoming?.httpVersionMajor === 1 || incoming?.stream?.endAfterHeaders === true))
    return undefined;
  // The application has read it. Hono keeps what it has read.
  if (raw.bodyUsed) return new Uint8Array(await c.req.arrayBuffer());
  const { body } = raw;
  if (body === null || isFramed) return body ?? undefined;
  return await unlessEmpty(body);
}

/** Over HTTP/2 a body may have no framing fields. Waits for its first piece. */
async function unlessEmpty(body: ReadableStream<Uint8Array>): Promise<BodySource | undefined> {
  const reader = body.getReader();
  // Deno.serve gives an empty piece first.
  let first = await reader.read();
  while (!first.done && first.value.length === 0) first = await reader.read();
  const { done, value } = first;
  if (done) return undefined;
  return new ReadableStream<Uint8Array>(
    {
      start: (controller) => controller.enqueue(value),
      async pull(controller) {
        const next = await reader.read();
        if (next.done) controller.close();
        else controller.enqueue(next.value);
      },
      cancel: (reason) => reader.cancel(reason),
    },
    { highWaterMark: 0 },
  );
}
