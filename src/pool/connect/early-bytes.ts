/**
 * Early bytes: what a peer says before the pool has its socket. An HTTP/2 server sends its settings at once. They may come in
 * a tunnel together with the proxy's answer, or while the code of the protocol is being loaded.
 */

import type { RetireReason } from "../../contract/reasons.ts";
import { TransportError, type TransportErrorKind } from "../../contract/transport.ts";
import type { ConnectionUser } from "../../contract/wire.ts";
import type { WireProtocol } from "../../contract/wire-protocol.ts";

/** Settings are some hundred bytes. */
const MOST_BYTES = 65_536;

/** What ends a connection, by the transport's error. In TLS 1.3 a client may learn late that it was refused: then it did not open. */
const ENDS: Readonly<Partial<Record<TransportErrorKind, RetireReason>>> = {
  reset: "peer-closed",
  timeout: "no-answer",
  unreachable: "no-answer",
};

/** The user of a connection until its wire is there. */
export class EarlyBytes implements ConnectionUser {
  /** When its socket was open, if the code of the protocol was not there yet. */
  readyAt: number | undefined = undefined;
  /**
   * Why it ended, if it did while that code was loaded. That is no connect attempt that failed: the server was there, and got
   * tired of waiting, or was stopped.
   */
  endedBy: RetireReason | undefined = undefined;
  readonly #pieces: Uint8Array[] = [];
  #size = 0;
  #failure: TransportError | undefined = undefined;

  data(bytes: Uint8Array, length: number): void {
    this.#size += length;
    if (this.#size <= MOST_BYTES) this.#pieces.push(bytes.slice(0, length));
    else this.#failure ??= new TransportError("other", "the peer sent too much before it was asked anything");
  }

  drain(): void {}

  closed(error: TransportError | undefined): void {
    if (this.#failure !== undefined) return;
    this.#failure = error ?? new TransportError("reset", "the peer closed the connection at once");
    if (this.readyAt !== undefined) this.endedBy = ENDS[this.#failure.kind];
  }

  cut(): void {
    this.#failure ??= new TransportError("other", "the pool was closed");
  }

  /** Why the connection cannot be used. In HTTP/1.1 no server speaks first. */
  failureIn(protocol: WireProtocol): TransportError | undefined {
    if (this.#size > 0 && protocol === "http/1.1")
      this.#failure ??= new TransportError("other", "the peer spoke before it was asked anything");
    return this.#failure;
  }

  /** Passes on what has come. The connection has its wire now, which may end it with any of the pieces. */
  passTo(connection: { readonly user: ConnectionUser | undefined }): void {
    for (const piece of this.#pieces) connection.user?.data(piece, piece.length);
  }
}
