/** WebSocket pipe: passes the messages of a client and of an upstream on to each other, and who closed, and why. */

import { type Clock, systemClock, type Timer } from "../../contract/clock.ts";
import type { UpgradedSocket } from "../../exchange/upgraded-socket.ts";
import type { ClientWebSocket, ClientWebSocketHandler } from "./server-web-socket.ts";
import {
  closeFrame,
  frameOf,
  OPCODE,
  type ReceivedFrame,
  WebSocketFault,
  WebSocketReader,
} from "./web-socket-frames.ts";

/** Bytes that wait for the client before the upstream is held back. */
const HELD_BACK_AT = 1_048_576;

/** How often a client that is slow is looked at: no runtime tells both servers' handlers that it has taken all. */
const LOOK_AGAIN_MS = 10;

/** How long an upstream may take to answer a Close, before its connection is dropped. */
const CLOSE_TIMEOUT_MS = 5000;

/** The upstream failed (RFC 6455 §7.4.1). 1014, "bad gateway", is refused by the clients of Deno 2.9. */
const UPSTREAM_FAILED = 1011;

/** A message is too big (RFC 6455 §7.4.1). */
const TOO_BIG = 1009;

/** The gateway has no room for what the client sends (IANA's registry of close codes). */
const TRY_AGAIN_LATER = 1013;

/** Joins an upstream, which is open, and a client, which will be. */
export class WebSocketPipe implements ClientWebSocketHandler {
  readonly #upstream: UpgradedSocket;
  readonly #writer: WritableStreamDefaultWriter<Uint8Array>;
  readonly #frames: WebSocketReader;
  readonly #maxBuffered: number;
  readonly #clock: Clock;
  #client: ClientWebSocket | undefined;
  /** Bytes that wait for the upstream. */
  #queued = 0;
  #isClientClosed = false;
  #isCloseSent = false;
  #timer: Timer | undefined;

  /** @param maxBuffered Bytes that may wait for the upstream, and that a message of it may have. */
  constructor(upstream: UpgradedSocket, maxBuffered: number, clock: Clock = systemClock) {
    this.#upstream = upstream;
    this.#writer = upstream.writable.getWriter();
    this.#frames = new WebSocketReader(maxBuffered);
    this.#maxBuffered = maxBuffered;
    this.#clock = clock;
    void upstream.closed.then(() => this.#timer?.cancel());
  }

  // Called by the client's WebSocket

  opened(client: ClientWebSocket): void {
    this.#client = client;
    void this.#run(client);
  }

  message(message: string | Uint8Array): void {
    if (this.#isCloseSent) return;
    this.#write(frameOf(typeof message === "string" ? OPCODE.text : OPCODE.binary, message));
  }

  closed(code: number, reason: string): void {
    this.#isClientClosed = true;
    // A client that left without a Close: there is no code for that, so the upstream sees the connection end. Deno 2.9 tells a
    // FIN as 1005, like an empty Close, and a failure as 0.
    if (code < 1000 || code === 1006 || code === 1015) this.#upstream.abort(new Error("The client has left"));
    else this.#closeUpstream(code, reason);
  }

  // Towards the client

  async #run(client: ClientWebSocket): Promise<void> {
    try {
      const isClosed = await this.#passOn(client, this.#upstream.readable.getReader());
      if (!isClosed) this.#closeClient(UPSTREAM_FAILED);
      await this.#writer.close();
    } catch (error) {
      this.#fail(error);
    }
  }

  #fail(error: unknown): void {
    if (!(error instanceof WebSocketFault)) {
      this.#upstream.abort(error);
      return this.#closeClient(UPSTREAM_FAILED);
    }
    this.#closeUpstream(error.code, "");
    this.#writer.close().catch(() => {});
    // Other codes would tell the client of a fault of its own.
    this.#closeClient(error.code === TOO_BIG ? TOO_BIG : UPSTREAM_FAILED);
  }

  /** Passes messages on until the upstream ends. Whether it said why. */
  async #passOn(client: ClientWebSocket, reader: ReadableStreamDefaultReader<Uint8Array>): Promise<boolean> {
    for (let piece = await reader.read(); !piece.done; piece = await reader.read()) {
      for (const frame of this.#frames.read(piece.value)) {
        if (frame.type === "close") {
          this.#closeClient(frame.code, frame.reason);
          this.#closeUpstream(frame.code, frame.reason);
          return true;
        }
        this.#received(client, frame);
      }
      while (client.waiting > HELD_BACK_AT && !this.#isClientClosed) await this.#pause();
    }
    return false;
  }

  #received(client: ClientWebSocket, frame: Exclude<ReceivedFrame, { type: "close" }>): void {
    if (frame.type === "ping") return this.#write(frameOf(OPCODE.pong, frame.bytes));
    if (frame.type === "pong" || this.#isClientClosed) return;
    client.send(frame.type === "text" ? frame.text : frame.bytes);
  }

  #pause(): Promise<void> {
    return new Promise((resolve) => void this.#clock.schedule(LOOK_AGAIN_MS, resolve));
  }

  #closeClient(code: number, reason = ""): void {
    if (this.#isClientClosed) return;
    this.#isClientClosed = true;
    // 1005: the upstream's Close has no code, and so has this one.
    if (code === 1005) this.#client?.close();
    else this.#client?.close(code, reason);
  }

  // Towards the upstream

  #write(frame: Uint8Array<ArrayBuffer>): void {
    const { length } = frame;
    this.#queued += length;
    const written = (): void => {
      this.#queued -= length;
    };
    // A connection that has failed is told to the client by its reader.
    this.#writer.write(frame).then(written, written);
    // Neither runtime can hold a client back.
    if (this.#queued <= this.#maxBuffered) return;
    this.#upstream.abort(new Error("The upstream does not read what it is sent"));
    this.#closeClient(TRY_AGAIN_LATER);
  }

  #closeUpstream(code: number, reason: string): void {
    if (this.#isCloseSent) return;
    this.#write(closeFrame(code, reason));
    this.#isCloseSent = true;
    const drop = (): void => this.#upstream.abort(new Error("The upstream has not answered a Close"));
    this.#timer = this.#clock.schedule(CLOSE_TIMEOUT_MS, drop);
  }
}
