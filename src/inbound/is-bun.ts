/** Whether this is Bun, whose `node:http` and `node:http2` differ where nothing else tells. */

/** Read when asked: a bundle may be evaluated before the runtime is complete. */
export function isBun(): boolean {
  return typeof navigator === "object" && navigator.userAgent.startsWith("Bun/");
}
