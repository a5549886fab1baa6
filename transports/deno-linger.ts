/**
 * Linger: on Deno, a TLS connection on which something was written last is closed when its peer has ended it, too.
 *
 * Deno 2.9 fulfils `write()` and `closeWrite()` while its TLS layer still holds encrypted bytes, and `close()` drops them: of 4 MiB to a
 * peer that reads half a second later, it lost nearly all in a fifth of the cases. What the peer has answered has gone out, and its end is
 * such an answer. Over TCP the kernel has everything, and keeps it.
 *
 * A limit of Deno 2.9: where the peer ended its direction before, that tells nothing, and bytes that the TLS layer still holds are lost.
 */

import { type DenoConn, deno } from "./deno-api.ts";

/** Longer than a peer that is there takes to read what the kernel holds. It may never end its side. */
const LONGEST_MS = 30_000;

/** What comes is for nobody, so one buffer serves all. */
const dropped = new Uint8Array(16_384);

/** Calls back when the peer has ended the connection, or it has failed, or that takes too long. */
export function lingered(conn: DenoConn, done: () => void): void {
  const timer = setTimeout(done, LONGEST_MS) as unknown as number;
  deno().unrefTimer(timer);
  const over = (): void => {
    clearTimeout(timer);
    done();
  };
  const read = (): void =>
    void conn.read(dropped).then((length) => (length === null ? over() : read()), over);
  read();
}
