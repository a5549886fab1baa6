/**
 * Early bytes: what a peer says before the pool has its socket. An HTTP/2 server sends its settings at once. They may come in
 * a tunnel together with the proxy's answer, or while the code of the protocol is being loaded.
 */

import { TransportError } from "../../contract/transport.ts";
import type { ConnectionUser } from "../../contract/wire.ts";
import type { WireProtocol } from "../../contract/wire-protocol.ts";

/** Settings are some hundred bytes. */
const MOST_BYTES = 65_536;

/** The user of a connection until its wire is there. */
export class EarlyBytes implements ConnectionUser {
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
    this.#failure ??= error ?? new TransportError("reset", "the peer closed the connection at once");
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
