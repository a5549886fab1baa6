/** Request block: the head of a request as a field block (RFC 9113 §8.3.1). */

import type { ForwardedBy, RequestFields, RequestMessage } from "../contract/wire.ts";
import { ByteWriter } from "./byte-writer.ts";
import { HpackEncoder } from "./hpack/hpack-encoder.ts";
import { bodyLengthOf, callersFields, closingFields, leadingFields } from "./request-fields.ts";

/** Encodes the heads of one connection. It remembers the last block, and the last fields of a caller. */
export class RequestBlocks {
  readonly #encoder = new HpackEncoder();
  readonly #block = new ByteWriter(256);
  /** What the block was encoded from, and the table's version that it is right for; -1: it is not. */
  #parts: BlockParts | undefined = undefined;
  #version = -1;
  readonly #fields = new ByteWriter(256);
  #lines = "";
  #fieldsVersion = -1;

  /** The peer's SETTINGS_HEADER_TABLE_SIZE. */
  setTableSize(size: number): void {
    this.#encoder.setTableSize(size);
  }

  /** The block of a request. It is valid until the next call, and must be written before that. */
  of(request: RequestMessage, by: ForwardedBy | undefined): ByteWriter {
    const encoder = this.#encoder;
    const { version } = encoder;
    if (by === undefined && this.#version === version && isSame(request, this.#parts)) return this.#block;
    const block = this.#block;
    block.clear();
    encoder.begin(block);
    const { method, origin, target, fields } = request;
    leadingFields(request, by, encoder);
    if (fields.lines !== "") this.#callersFields(fields.lines, block);
    closingFields(request, encoder);
    encoder.end();
    // Not the request itself, whose body would be held until the next one.
    this.#parts = {
      method,
      origin,
      target,
      fields,
      length: bodyLengthOf(request),
      hasBody: request.body !== undefined,
    };
    this.#version = by === undefined && encoder.version === version ? version : -1;
    return block;
  }

  #callersFields(lines: string, block: ByteWriter): void {
    const { version } = this.#encoder;
    const fields = this.#fields;
    if (this.#fieldsVersion === version && this.#lines === lines)
      return block.copy(fields.bytes, 0, fields.length);
    const start = block.length;
    callersFields(lines, this.#encoder);
    this.#fieldsVersion = this.#encoder.version === version ? version : -1;
    this.#lines = lines;
    fields.clear();
    fields.copy(block.bytes, start, block.length);
  }

  /** The block of a request's trailers: `lines` has `name: value CR LF` for each field. Valid until the next call. */
  trailers(lines: string): ByteWriter {
    const block = this.#block;
    this.#version = -1;
    block.clear();
    this.#encoder.begin(block);
    this.#fieldsVersion = -1;
    this.#callersFields(lines, block);
    this.#encoder.end();
    return block;
  }
}

/** What a block is encoded from. */
interface BlockParts extends Pick<RequestMessage, "method" | "origin" | "target" | "fields"> {
  readonly length: number | undefined;
  readonly hasBody: boolean;
}

/** Whether the head of a request is the same as that of the one before. */
function isSame(request: RequestMessage, before: BlockParts | undefined): boolean {
  return (
    before !== undefined &&
    before.target === request.target &&
    before.method === request.method &&
    before.origin === request.origin &&
    sameFields(before.fields, request.fields) &&
    before.length === bodyLengthOf(request) &&
    before.hasBody === (request.body !== undefined)
  );
}

function sameFields(before: RequestFields, fields: RequestFields): boolean {
  if (before === fields) return true;
  return (
    before.lines === fields.lines &&
    before.host === fields.host &&
    before.expectContinue === fields.expectContinue
  );
}
