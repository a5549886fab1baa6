/** Unsent bytes: a socket that is closed sends what waits in its queue first, but not for ever to a peer that does not read. */

import type { Clock } from "../contract/clock.ts";
import type { Socket } from "../contract/transport.ts";

/**
 * How long that may take. The requests on the socket are over, so nobody waits for what is left of them. A TLS socket of Node waits
 * as long for its peer's close_notify.
 */
export const UNSENT_MS = 5000;

/** Closes a socket, and drops it if it has not sent everything after a while. No runtime has such a limit for plain TCP. */
export function closeInTime(socket: Socket, clock: Pick<Clock, "schedule">): void {
  socket.close();
  if (socket.allWritten !== false) return;
  clock.schedule(UNSENT_MS, () => {
    if (socket.allWritten === false) socket.abort();
  });
}
