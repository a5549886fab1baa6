/**
 * Finds the end of Zstandard data (RFC 8878 §3.1), by walking from header to header. Deno 2.9 and Bun 1.4 accept truncated
 * data as complete.
 */

/** Magic number of skippable frames, without its last four bits (RFC 8878 §3.1.2). */
const SKIPPABLE = 0x184d2a5;

/** Follows the frames of a body while it arrives. */
export class ZstdFrames {
  private state: "frame" | "block" = "frame";
  /** Bytes of the current header so far. */
  private header: number[] = [];
  /** Bytes to skip before the next header. */
  private skip = 0;
  private checksum = 0;

  /** Whether the data may end here. */
  get complete(): boolean {
    return this.state === "frame" && this.header.length === 0 && this.skip === 0;
  }

  /** Follows the bytes from `start` to the end of a frame, or to their own end. Returns that position. */
  push(bytes: Uint8Array, start: number): number {
    for (let at = start; at < bytes.length; ) {
      if (at > start && this.complete) return at;
      if (this.skip > 0) {
        const passed = Math.min(this.skip, bytes.length - at);
        this.skip -= passed;
        at += passed;
      } else {
        this.header.push(bytes[at++] ?? 0);
        if (this.state === "frame") this.readFrame();
        else this.readBlock();
      }
    }
    return bytes.length;
  }

  private readFrame(): void {
    const { header } = this;
    if (header.length < 5) return;
    if (number(header.slice(0, 4)) >>> 4 === SKIPPABLE) {
      if (header.length === 8) this.pass(number(header.slice(4)), "frame");
      return;
    }
    const descriptor = header[4] ?? 0;
    const single = (descriptor >> 5) & 1;
    const dictionary = [0, 1, 2, 4][descriptor & 3] ?? 0;
    const contentSize = [single, 2, 4, 8][descriptor >> 6] ?? 0;
    this.checksum = descriptor & 4;
    this.pass(1 - single + dictionary + contentSize, "block");
  }

  private readBlock(): void {
    if (this.header.length < 3) return;
    const block = number(this.header);
    const last = (block & 1) === 1;
    const repeated = ((block >> 1) & 3) === 1; // an RLE block has one byte, whatever its size
    const size = repeated ? 1 : block >> 3;
    this.pass(last ? size + this.checksum : size, last ? "frame" : "block");
  }

  private pass(skip: number, state: "frame" | "block"): void {
    this.header = [];
    this.skip = skip;
    this.state = state;
  }
}

/** Reads an unsigned little-endian number. */
function number(bytes: readonly number[]): number {
  return bytes.reduceRight((value, byte) => value * 256 + byte, 0);
}
