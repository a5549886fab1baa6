/** Keeps a new socket paused until the code that awaits it has received it. */

import type { Socket } from "../../contract/transport.ts";
import { thrownFault } from "../../contract/user-functions.ts";
import { abortQuietly } from "./checked-socket.ts";

/**
 * Resolves with the socket of `opening`, and resumes it once the code that awaits the result has it. A transport allows
 * for one promise between its socket and the pool. Each further promise takes one more microtask, in which the first
 * bytes of a peer that speaks first would reach no handler. So `opening` must pause the socket in the microtask in which
 * it receives it.
 */
export function resumeAfterDelivery(opening: Promise<Socket>): Promise<Socket> {
  return new Promise((resolve, reject) => {
    opening.then((socket) => {
      resolve(socket);
      queueMicrotask(() => resume(socket));
    }, reject);
  });
}

/**
 * Connects once `first` has settled. The socket is paused for the further promise that this takes, as
 * {@linkcode resumeAfterDelivery} describes.
 */
export function connectAfter<T>(first: Promise<T>, connect: (value: T) => Promise<Socket>): Promise<Socket> {
  return resumeAfterDelivery(
    first.then(connect).then((socket) => {
      try {
        socket.pause();
        return socket;
      } catch (cause) {
        abortQuietly(socket);
        throw thrownFault("the socket that transport.connect gave", cause);
      }
    }),
  );
}

/** The socket of a user's transport may throw, and nothing would catch that here. */
function resume(socket: Socket): void {
  try {
    socket.resume();
  } catch {
    abortQuietly(socket);
  }
}
