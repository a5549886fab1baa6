/** Copies: bodies with several readers, and bodies that outlive their response object. */

import type { Copying } from "./dimensions.ts";

/** Reads a body in the given way and returns all of it. `pause` lets virtual time pass. */
export async function readCopied(
  response: Response,
  how: Copying,
  pause: () => Promise<void>,
): Promise<string> {
  switch (how) {
    case "clone, both read":
      return both(response.clone().text(), response.text());
    case "clone, the copy cancelled": {
      const copy = response.clone();
      giveUp(copy.body);
      await pause();
      return response.text();
    }
    case "clone, the original cancelled": {
      const copy = response.clone();
      giveUp(response.body);
      await pause();
      return copy.text();
    }
    case "kept as the body of another response": {
      const other = new Response(response.body, { status: 200 });
      await pause();
      return other.text();
    }
    case "kept as a stream alone": {
      const { body } = response;
      await pause();
      return textOf(body);
    }
    default:
      return readTeed(response, how === "tee, both read");
  }
}

async function readTeed({ body }: Response, whole: boolean): Promise<string> {
  if (body === null) return "";
  const [one, other] = body.tee();
  if (whole) return both(textOf(one), textOf(other));
  giveUp(other);
  return textOf(one);
}

/** Cancels one half without waiting: the promise settles only when the other half is cancelled as well. */
function giveUp(body: ReadableStream<Uint8Array> | null): void {
  body?.cancel("enough").catch(() => {});
}

async function both(one: Promise<string>, other: Promise<string>): Promise<string> {
  const [first, second] = await Promise.allSettled([one, other]);
  if (first.status === "rejected") throw first.reason;
  if (second.status === "rejected") throw second.reason;
  if (first.value !== second.value) throw new Error("Two copies of one body differ");
  return first.value;
}

function textOf(body: ReadableStream<Uint8Array> | null): Promise<string> {
  return new Response(body as BodyInit | null).text();
}
