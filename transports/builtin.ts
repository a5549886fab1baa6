/**
 * Built-in modules on demand, synchronously: `node:zlib` costs 10 ms on Bun 1.4 and 6 ms on Deno 2.9, so
 * nobody loads it before the first compressed body.
 */

interface ProcessLike {
  readonly versions?: Readonly<Record<string, string>>;
  getBuiltinModule?(name: string): unknown;
}

const { process } = globalThis as { process?: ProcessLike };

/** The module, or `undefined` where it cannot be had this way (Node before 20.16). */
export function builtin<Module>(name: string): Module | undefined {
  return process?.getBuiltinModule?.(name) as Module | undefined;
}

/** The module, without which there is no going on. */
export function neededBuiltin<Module>(name: string): Module {
  const module = builtin<Module>(name);
  if (module === undefined) throw new Error(`Holdfast needs ${name}: on Node, version 20.16 or later`);
  return module;
}

/** The version of something the runtime was built with, where it tells. */
export function builtWith(name: string): string | undefined {
  return process?.versions?.[name];
}
