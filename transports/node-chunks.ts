/** Chunks of a body on Node: those that are at hand are one write, from memory that is used again once the kernel has taken it. */

import { ChunkGathering, forgetPage, givePage } from "./chunk-gathering.ts";
import type { BytesWriter } from "./node-bytes.ts";

/** A longer chunk is a write by itself, of three parts: to copy it would cost more than fewer writes save. */
const MOST_JOINED = 128 * 1024;

/** The chunks of one socket that wait for others. */
export class NodeChunks {
  private readonly writer: BytesWriter;
  private readonly gathering: ChunkGathering;

  constructor(writer: BytesWriter) {
    this.writer = writer;
    this.gathering = new ChunkGathering(() => this.send());
  }

  get isEmpty(): boolean {
    return this.gathering.isEmpty;
  }

  /** Copies what waits for others, or returns `false`: it is to be written now, and all before it was. */
  gathers(head: string | Uint8Array, body: Uint8Array | undefined, tail = ""): boolean {
    const { gathering } = this;
    const length = head.length + (body?.length ?? 0) + tail.length;
    if (length > MOST_JOINED || !gathering.hasRoomFor(length)) this.send();
    if (length > MOST_JOINED) return false;
    gathering.add(head, body, tail);
    return true;
  }

  /** Writes what waits. */
  send(): void {
    const { native: raw } = this.writer;
    if (raw.destroyed) return this.gathering.drop();
    const gathered = this.gathering.take();
    if (gathered?.page === undefined) return;
    const { length, page } = gathered;
    raw.write(gathered.bytes);
    const isTaken = raw.writableLength === 0;
    this.gathering.taken(isTaken ? length : 0, gathered);
    if (isTaken) givePage(page);
    else this.giveLater(page);
  }

  /** What is written behind a page is done later, also if it is empty. After an error, nobody says whether libuv still has the page. */
  private giveLater(page: Uint8Array): void {
    const { native: raw } = this.writer;
    raw.write("", "latin1", (error) => {
      if (error) return forgetPage(page);
      givePage(page);
      // Whoever was told to wait has written nothing but pages.
      if (raw.writableLength === 0) this.writer.drained();
    });
  }
}
