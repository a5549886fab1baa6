/** Hand out: how a socket that was opened by several steps reaches whoever waits for it. */

import type { Socket } from "../../contract/transport.ts";
import { abortQuietly } from "./checked-socket.ts";

/**
 * Resolves with a socket that is `opening`, and lets it read only when whoever waits has it in hand. A transport does
 * so by itself, but each promise in between takes a microtask more than it allows for: a peer that speaks first
 * would be heard by nobody. `opening` must have paused the socket in the microtask in which it got it.
 */
export function resumeAfterDelivery(opening: Promise<Socket>): Promise<Socket> {
  return new Promise((resolve, reject) => {
    opening.then((socket) => {
      resolve(socket);
      queueMicrotask(() => resume(socket));
    }, reject);
  });
}

/** One of a user's transport may throw, and must not where nobody is there to catch. */
function resume(socket: Socket): void {
  try {
    socket.resume();
  } catch {
    abortQuietly(socket);
  }
}
