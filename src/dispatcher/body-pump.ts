/**
 * Body pump: pushes the body of a response into its handler, as far as the handler lets it. It takes the place of a stream's
 * controller. While the handler holds the response back, pieces wait here, and from 64 KiB the server waits.
 */

import { Buffer } from "node:buffer";

/** What the pump tells. */
export interface PumpedCall {
  /** Whether the handler holds the response back. */
  readonly paused: boolean;
  /** Whether the call is over. */
  readonly over: boolean;
  bodyData(chunk: Buffer): void;
  bodyEnded(): void;
  bodyFailed(error: unknown): void;
}

/** The pump of one response. */
export class BodyPump {
  readonly #call: PumpedCall;
  /** Asks for the next piece. Whoever has not asked may be collected as garbage together with the handler. */
  #pull: () => void = () => {};
  #waiting: Buffer[] = [];
  #waitingBytes = 0;
  #isEnded = false;

  constructor(call: PumpedCall) {
    this.#call = call;
  }

  start(pull: () => void): void {
    this.#pull = pull;
    if (!this.#call.paused) pull();
  }

  /** The handler takes more. It may hold the response back within the call. */
  resume(): void {
    while (this.#waiting.length > 0 && this.#isTaken) {
      const piece = this.#waiting.shift();
      if (piece === undefined) break;
      this.#waitingBytes -= piece.length;
      this.#call.bodyData(piece);
    }
    if (!this.#isTaken || this.#waiting.length > 0) return;
    if (this.#isEnded) this.#call.bodyEnded();
    else this.#pull();
  }

  get #isTaken(): boolean {
    return !this.#call.paused && !this.#call.over;
  }

  // The controller's side

  /** Below 0: the bytes that wait. */
  get desiredSize(): number {
    return -this.#waitingBytes;
  }

  enqueue(piece: Uint8Array): void {
    const chunk = Buffer.from(piece.buffer, piece.byteOffset, piece.byteLength);
    if (this.#call.over) return;
    if (this.#waiting.length > 0 || this.#call.paused) {
      this.#waiting.push(chunk);
      this.#waitingBytes += chunk.length;
      return;
    }
    this.#call.bodyData(chunk);
    if (this.#isTaken) this.#pull();
  }

  close(): void {
    this.#isEnded = true;
    if (this.#waiting.length === 0 && this.#isTaken) this.#call.bodyEnded();
  }

  error(error: unknown): void {
    this.#waiting = [];
    this.#call.bodyFailed(error);
  }
}
