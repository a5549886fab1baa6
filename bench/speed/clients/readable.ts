/** Readable: a request body for clients that take Node streams. */

import { Readable } from "node:stream";
import type { ReadableStream } from "node:stream/web";
import { uploadStream } from "./sender.ts";

/** A body of `length` bytes that is produced while it is sent. */
export function readable(length: number): Readable {
  return Readable.fromWeb(uploadStream(length) as unknown as ReadableStream);
}
