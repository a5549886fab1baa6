/**
 * Deno watch: loaded by `deno test` before each test file. Deno 2.9 fails the test during which a rejection is unhandled, but
 * lets an exception that a timer throws pass, and a rejection between two tests: both are told when the file is over.
 */

const found: string[] = [];

globalThis.addEventListener("error", ({ message }) => void found.push(message));
globalThis.addEventListener("unhandledrejection", ({ reason }) => void found.push(String(reason)));
globalThis.addEventListener("unload", () => {
  if (found.length > 0) throw new Error(`Nobody caught: ${found.join("; ")}`);
});

export {};
