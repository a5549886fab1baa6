/** Collection: whether the runtime tells when a program lets go of a response or a stream. */

declare const WebSocketPair: unknown;

/**
 * Not on workerd (1.20261117): it collects the JavaScript object of a stream that its own code, or only a reader, still has, and
 * makes another when it is asked for. A finalizer then ends a body that is being read.
 */
const tells: boolean = typeof FinalizationRegistry !== "undefined" && typeof WebSocketPair === "undefined";

/** A registry of finalizers, or `undefined` where these cannot be trusted. */
export function finalizers<Held>(cleanUp: (held: Held) => void): FinalizationRegistry<Held> | undefined {
  return tells ? new FinalizationRegistry(cleanUp) : undefined;
}
