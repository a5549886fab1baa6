/** Early bytes: what a peer says first, while the code of the protocol that it speaks is being loaded. */

import { TransportError } from "../../contract/transport.ts";
import type { ConnectionUser } from "../../contract/wire.ts";

/** An HTTP/2 server may say some hundred bytes before it was asked anything: its settings. */
const MOST_BYTES = 65_536;

/** The user of a connection until its wire is there. */
export class EarlyBytes implements ConnectionUser {
  readonly #pieces: Uint8Array[] = [];
  #size = 0;
  /** Why the connection cannot be used. */
  failure: TransportError | undefined = undefined;

  data(bytes: Uint8Array, length: number): void {
    this.#size += length;
    if (this.#size <= MOST_BYTES) this.#pieces.push(bytes.slice(0, length));
    else this.failure ??= new TransportError("other", "the peer sent too much before it was asked anything");
  }

  drain(): void {}

  closed(error: TransportError | undefined): void {
    this.failure ??= error ?? new TransportError("reset", "the peer closed the connection at once");
  }

  cut(): void {
    this.failure ??= new TransportError("other", "the pool was closed");
  }

  /** Passes on what has come. The connection has its wire now, which may end it with any of the pieces. */
  passTo(connection: { readonly user: ConnectionUser | undefined }): void {
    for (const piece of this.#pieces) connection.user?.data(piece, piece.length);
  }
}
