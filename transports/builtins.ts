/**
 * Built-in modules of Node, loaded synchronously at first use. Loading costs time that a plain request need not pay:
 * `node:zlib` takes 10 ms on Bun 1.4 and 6 ms on Deno 2.9, `node:tls` takes 6 ms on Node 24.
 *
 * Imports at the top of a file would be worse: a bundler moves them to the top of the program, where `node:net` costs
 * 13 ms on Bun 1.4 and 8 ms on Deno 2.9, which never use it.
 */

import type * as Net from "node:net";
import type * as Tls from "node:tls";

interface ProcessLike {
  readonly versions?: Readonly<Record<string, string>>;
  getBuiltinModule?(name: string): unknown;
}

/** Read when it is used: naming the global makes Deno 2.9 load its Node layer, 10 ms that its first answer need not wait for. */
const processOf = (): ProcessLike | undefined => (globalThis as { process?: ProcessLike }).process;

/** A built-in module, or `undefined` if it cannot be loaded this way (Node before 20.16). */
export function builtin<Module>(name: string): Module | undefined {
  return processOf()?.getBuiltinModule?.(name) as Module | undefined;
}

/** A built-in module that the transport cannot work without. @throws {Error} if it cannot be loaded. */
export function requireBuiltin<Module>(name: string): Module {
  const module = builtin<Module>(name);
  if (module === undefined) throw new Error(`Holdfast needs ${name}: on Node, version 20.16 or later`);
  return module;
}

/** The version of a library that the runtime was built with, if it is known. */
export function builtInVersion(name: string): string | undefined {
  return processOf()?.versions?.[name];
}

let net: typeof Net | undefined;
let tls: typeof Tls | undefined;

/** `node:net`. */
export function nodeNet(): typeof Net {
  net ??= requireBuiltin<typeof Net>("node:net");
  return net;
}

/** `node:tls`. */
export function nodeTls(): typeof Tls {
  tls ??= requireBuiltin<typeof Tls>("node:tls");
  return tls;
}
