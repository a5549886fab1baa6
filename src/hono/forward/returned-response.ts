/** Returned response: the upstream's response as the server of this gateway sends it, framed anew. */

import { isConstructible } from "../../fetch/fetch-response.ts";
import { NULL_BODY, statusTold } from "../../fetch/make-response.ts";
import { type PoolResponse, passedOn } from "../../fetch/pool-response.ts";
import { dropHopByHop } from "../upstream/hop-by-hop.ts";

/** A response that trailers can be added to: that of `node:http`. */
export interface TrailerSink {
  addTrailers?(trailers: Readonly<Record<string, string>>): void;
}

/**
 * A `Response` with the upstream's status, fields and body. Fields per hop are removed.
 *
 * @param trailersTo Where trailers are passed to; `undefined` if the client does not read any.
 */
export function returnedResponse(
  response: PoolResponse,
  method: string,
  trailersTo: TrailerSink | undefined,
): Response {
  const { status } = response;
  const headers = new Headers();
  for (const [name, value] of response.headers) headers.append(name, value);
  const isChunked = headers.has("transfer-encoding");
  const trailer = headers.get("trailer");
  dropHopByHop(headers);
  // A length beside a transfer coding is wrong (RFC 9112 §6.3), and 204 and 205 have no body (RFC 9110 §8.6, §15.3.6).
  if (isChunked || status === 204 || status === 205) headers.delete("content-length");
  const head = headOf(response, headers);
  if (method === "HEAD" || NULL_BODY.has(status)) {
    response.discard();
    return new Response(null, head);
  }
  if (trailersTo === undefined || !isChunked) return withBody(passedOn(response), head);
  // @hono/node-server would give a short body a length, which leaves no place for trailers.
  headers.set("transfer-encoding", "chunked");
  if (trailer !== null) headers.set("trailer", trailer);
  return withBody(withTrailers(response, trailersTo), head);
}

interface Head {
  readonly status: number;
  readonly statusText: string;
  readonly headers: Headers;
}

/** A status that no `Response` has becomes a 502 that tells it. */
function headOf({ status, statusText }: PoolResponse, headers: Headers): Head {
  if (isConstructible(status)) return { status, statusText, headers };
  headers.append("proxy-status", statusTold(status));
  return { status: 502, statusText: "Bad Gateway", headers };
}

function withBody(content: string | Uint8Array | ReadableStream<Uint8Array>, head: Head): Response {
  const returned = new Response(content as BodyInit, head);
  // The constructor adds a type to a text.
  if (typeof content === "string" && !head.headers.has("content-type"))
    returned.headers.delete("content-type");
  return returned;
}

/** The body. When it has ended, its trailers are handed over before the server ends the response. */
function withTrailers(response: PoolResponse, to: TrailerSink): ReadableStream<Uint8Array> {
  const reader = response.body.getReader();
  return new ReadableStream<Uint8Array>(
    {
      async pull(controller) {
        const { done, value } = await reader.read();
        if (!done) return controller.enqueue(value);
        to.addTrailers?.(Object.fromEntries(response.trailers));
        controller.close();
      },
      cancel: (reason) => reader.cancel(reason),
    },
    { highWaterMark: 0 },
  );
}
