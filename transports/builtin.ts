/**
 * Built-in modules on demand, synchronously: `node:zlib` costs 10 ms on Bun 1.4 and 6 ms on Deno 2.9, so
 * nobody loads it before the first compressed body.
 */

interface ProcessLike {
  getBuiltinModule?(name: string): unknown;
}

/** The module, or `undefined` where it cannot be had this way (Node before 20.16). */
export function builtin<Module>(name: string): Module | undefined {
  const { process } = globalThis as { process?: ProcessLike };
  return process?.getBuiltinModule?.(name) as Module | undefined;
}
