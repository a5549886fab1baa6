/** Integrity: whether a body is the one that the caller expects (SRI §3.3), decided on all of it before any is given. */

import { HoldfastError } from "../contract/errors.ts";
import type { WireResponse } from "../exchange/message.ts";
import { connectionInfo } from "../pool/connection.ts";
import { failedFetch } from "./fetch-errors.ts";

/** Weakest first: only the expressions of the strongest that is given count. */
const ALGORITHMS = ["sha256", "sha384", "sha512"] as const;

/**
 * A hash expression, its options cut off (SRI §3.5). A digest that is no base64 counts: nothing hashes to it, and a caller
 * who gave it wants no other response.
 */
const EXPRESSION = /^(sha256|sha384|sha512)(?:-([^?]*))?(?:\?.*)?$/i;

/** What a body must hash to: one of `digests`, in base64. */
export interface Expected {
  readonly algorithm: (typeof ALGORITHMS)[number];
  readonly digests: readonly string[];
}

/** Reads integrity metadata. `undefined` where none of it is understood: then there is nothing to check. */
export function expectedOf(metadata: string): Expected | undefined {
  const found = metadata.split(/[\t\n\f\r ]+/).flatMap((token) => {
    const [, algorithm, digest = ""] = EXPRESSION.exec(token) ?? [];
    return algorithm === undefined
      ? []
      : [{ algorithm: algorithm.toLowerCase(), digest: plainBase64(digest) }];
  });
  const algorithm = ALGORITHMS.findLast((one) => found.some((expression) => expression.algorithm === one));
  if (algorithm === undefined) return undefined;
  return {
    algorithm,
    digests: found.flatMap((expression) => (expression.algorithm === algorithm ? [expression.digest] : [])),
  };
}

/**
 * The bytes of a response, which came on no connection if there is no `wire`.
 *
 * @throws {TypeError} when they are not those that are expected, or there is no body.
 */
export async function verifiedBytes(
  response: Response,
  expected: Expected,
  wire: WireResponse | undefined,
): Promise<Uint8Array<ArrayBuffer>> {
  if (response.body === null) throw integrityError(wire, expected, "has no body");
  const bytes = new Uint8Array(await response.arrayBuffer());
  const name = expected.algorithm.replace("sha", "SHA-");
  const digest = base64Of(new Uint8Array(await crypto.subtle.digest(name, bytes)));
  if (!expected.digests.includes(digest)) throw integrityError(wire, expected, `has ${digest}`);
  return bytes;
}

function integrityError(wire: WireResponse | undefined, { algorithm }: Expected, what: string): TypeError {
  return failedFetch(
    new HoldfastError({
      code: "ERR_INTEGRITY",
      phase: "body",
      sent: "full",
      retriable: false,
      connection: wire === undefined ? undefined : connectionInfo(wire.lease),
      message: `The response is not the one that integrity expects: by ${algorithm} it ${what}`,
    }),
  );
}

/** Two at most: a search for more would try from each of many. */
const PADDING = /={1,2}$/;

/** Without padding, which may be left out. */
function plainBase64(text: string): string {
  return text.replaceAll("-", "+").replaceAll("_", "/").replace(PADDING, "");
}

function base64Of(bytes: Uint8Array): string {
  return btoa(String.fromCharCode(...bytes)).replace(PADDING, "");
}
