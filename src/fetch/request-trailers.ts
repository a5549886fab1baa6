/**
 * Request trailers: the fields that a request sends behind its body. They are asked for when the body has ended, because
 * most of them say something about it (RFC 9110 §6.5). A body with trailers is sent without a length, so that HTTP/1.1
 * has a place for them (RFC 9112 §7.1.2).
 */

import type { RequestFields } from "../contract/wire.ts";
import type { RequestBody, StreamBody } from "../exchange/request-body.ts";
import { requestFields } from "../http1/send/request-head.ts";
import { type HeadersSource, headerPairs } from "./arguments.ts";
import { partsReader } from "./pieces.ts";

/** Trailer fields, or a function that gives them. It is called when the whole body has been handed over. */
export type TrailersSource = HeadersSource | (() => HeadersSource | Promise<HeadersSource>);

/** Fields that a recipient needs before the body, or that frame the message (RFC 9110 §6.5.1). */
const NOT_BEHIND: readonly string[] = [
  "authorization",
  "cache-control",
  "connection",
  "content-encoding",
  "content-length",
  "content-range",
  "content-type",
  "cookie",
  "expect",
  "host",
  "max-forwards",
  "proxy-authorization",
  "range",
  "te",
  "trailer",
];

/** Whether a field must not be sent behind a body, whoever gives it. */
export function isNeverTrailer(name: string): boolean {
  return NOT_BEHIND.includes(name);
}

/** The fields as lines. @throws {TypeError} for one that must not be sent, or not behind a body. */
function trailerLines(source: HeadersSource): string {
  const { lines, names } = requestFields(headerPairs(source));
  const refused = [...names].find(isNeverTrailer);
  if (refused !== undefined) throw new TypeError(`Trailer "${refused}" must not be sent behind a body`);
  return lines;
}

/**
 * The body with trailers behind it, and the fields of the head with one that names them, if they are known by then
 * (RFC 9110 §6.6.2).
 *
 * @throws {TypeError} for a field that must not be sent. A function that gives one fails the request instead.
 */
export function withTrailers(
  fields: RequestFields,
  body: RequestBody,
  source: TrailersSource,
): { readonly fields: RequestFields; readonly body: StreamBody } {
  if (fields.contentLength !== undefined)
    throw new TypeError(
      'Header "content-length" must not be set with trailers, which need a body without it',
    );
  if (typeof source === "function")
    return { fields, body: behind(body, async () => trailerLines(await source()), true) };
  const pairs = [...headerPairs(source)];
  const lines = trailerLines(pairs);
  const names = pairs.map(([name]) => name.toLowerCase()).join(", ");
  const announced = names === "" ? fields.lines : `${fields.lines}trailer: ${names}\r\n`;
  return { fields: { ...fields, lines: announced }, body: behind(body, () => lines, false) };
}

/** `foreign`: the trailers come from a function of the caller. */
function behind(body: RequestBody, trailers: () => string | Promise<string>, foreign: boolean): StreamBody {
  if (body.kind === "stream")
    return { ...body, length: undefined, foreign: body.foreign || foreign, trailers };
  const open = () => partsReader([body.bytes]);
  return { kind: "stream", length: undefined, replayable: true, foreign, open, cancel() {}, trailers };
}
