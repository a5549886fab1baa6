/** Remote body: from what a caller passes to what can cross to the object, with its length and type where they are known. */

import { isAsyncIterable, isStream } from "../fetch/pieces.ts";
import type { BodySource } from "../fetch/prepare-body.ts";
import type { RemoteBody } from "./remote-exchange.ts";
import type { Pairs } from "./wire-format.ts";

/** A body that is ready to be sent. */
export interface CrossingBody {
  readonly body: RemoteBody;
  readonly length: number | undefined;
  readonly contentType: string | undefined;
  /** Whether it can be sent a second time. */
  readonly again: boolean;
}

/** No body. */
export const NO_BODY: CrossingBody = {
  body: undefined,
  length: undefined,
  contentType: undefined,
  again: true,
};

/** Reads a body. The platform writes forms and names types; streams cross as they come. */
export async function crossingBody(source: BodySource, given: Pairs): Promise<CrossingBody> {
  if (isStream(source)) return { ...streamed(source, given) };
  if (isAsyncIterable(source)) return streamed(streamFrom(source), given);
  const request = new Request("http://body.invalid/", { method: "POST", body: source as BodyInit });
  const body = new Uint8Array(await request.arrayBuffer());
  const contentType = request.headers.get("content-type") ?? undefined;
  return { body, length: body.length, contentType, again: true };
}

function streamed(body: ReadableStream<Uint8Array>, given: Pairs): CrossingBody {
  const announced = given.find(([name]) => name.toLowerCase() === "content-length")?.[1];
  const length = announced === undefined ? undefined : Number(announced);
  return { body, length, contentType: undefined, again: false };
}

function streamFrom(source: AsyncIterable<Uint8Array>): ReadableStream<Uint8Array> {
  const iterator = source[Symbol.asyncIterator]();
  return new ReadableStream<Uint8Array>(
    {
      async pull(controller) {
        const { done, value } = await iterator.next();
        if (done === true) controller.close();
        else controller.enqueue(value);
      },
      async cancel(reason) {
        await iterator.return?.(reason);
      },
    },
    { highWaterMark: 0 },
  );
}
