/** Readable: an upload for clients that take streams of Node. */

import { Readable } from "node:stream";
import type { ReadableStream } from "node:stream/web";
import { uploadStream } from "./sender.ts";

/** A body of `length` bytes that is made as it is sent. */
export function readable(length: number): Readable {
  return Readable.fromWeb(uploadStream(length) as unknown as ReadableStream);
}
