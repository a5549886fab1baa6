/** Made body: one that a function makes, each time it is sent. */

import { cancelQuietly, type RequestBody, type StreamBody } from "../exchange/request-body.ts";
import { type BodySource, type BodyTerms, type PreparedBody, readBody } from "./body-init.ts";
import { newBoundary } from "./multipart.ts";

/**
 * Prepares what the function makes now. Bytes are kept; anything else is made anew for each further time.
 *
 * @throws {HoldfastError} when the function throws, or makes what is no body: by then it is not a wrong argument.
 */
export function madeBody(make: () => BodySource, terms: BodyTerms): PreparedBody {
  const fixed = { ...terms, boundary: newBoundary() };
  let first: PreparedBody;
  try {
    first = readBody(make(), fixed);
  } catch (cause) {
    throw terms.unsent(cause);
  }
  const { body, contentType } = first;
  return body.kind === "bytes" ? first : { body: remade(make, body, fixed), contentType };
}

function remade(make: () => BodySource, first: StreamBody, terms: BodyTerms): StreamBody {
  const { length } = first;
  let fresh: StreamBody | undefined = first;
  return {
    kind: "stream",
    length,
    replayable: true,
    foreign: true,
    open() {
      const body = fresh ?? madeAgain(make, length, terms);
      fresh = undefined;
      return body.open();
    },
    cancel(reason) {
      if (fresh !== undefined) cancelQuietly(fresh, reason);
      fresh = undefined;
    },
  };
}

function madeAgain(make: () => BodySource, length: number | undefined, terms: BodyTerms): StreamBody {
  const { body } = readBody(make(), terms);
  if (body.kind === "stream" && body.length === length) return body;
  const [got, before] = [inWords(body), inWords({ kind: "stream", length })];
  throw new TypeError(
    `The function that makes the request body must make the same kind each time, as long as before: got ${got} after ${before}`,
  );
}

function inWords({ kind, length }: Pick<RequestBody, "kind" | "length">): string {
  return `${kind === "bytes" ? "bytes" : "a stream"} of ${length === undefined ? "unknown length" : `length ${length}`}`;
}
