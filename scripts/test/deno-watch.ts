/**
 * Deno watch: `deno test` loads it before the test files. Deno 2.9 fails a test during which a rejection is unhandled, but it
 * ignores an exception in a timer and a rejection between two tests. Both are reported here when the file is over.
 */

const found: string[] = [];

globalThis.addEventListener("error", ({ message }) => void found.push(message));
globalThis.addEventListener("unhandledrejection", ({ reason }) => void found.push(String(reason)));
globalThis.addEventListener("unload", () => {
  if (found.length > 0) throw new Error(`Nobody caught: ${found.join("; ")}`);
});

export {};
