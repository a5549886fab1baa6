/**
 * Runtime services: what Node, Deno and Bun offer alike besides sockets, through Node's built-in modules and `process`.
 */

import type { DiagnosticsChannel, RunInContext } from "../src/contract/transport.ts";
import { builtin } from "./builtins.ts";
import { transportErrorOf } from "./error-mapping.ts";

interface AsyncHooks {
  readonly AsyncLocalStorage: { snapshot?(): RunInContext };
}

/** Captures the current async context. `undefined` if the runtime cannot (`snapshot` came with Node 20.5). */
export function asyncContext(): RunInContext | undefined {
  return builtin<AsyncHooks>("node:async_hooks")?.AsyncLocalStorage.snapshot?.();
}

interface Diagnostics {
  channel(name: string): DiagnosticsChannel;
}

const SILENT: DiagnosticsChannel = { hasSubscribers: false, publish() {} };

/** The diagnostics channel of that name, or one without subscribers if the runtime has none. */
export function diagnosticsChannel(name: string): DiagnosticsChannel {
  return builtin<Diagnostics>("node:diagnostics_channel")?.channel(name) ?? SILENT;
}

interface ProcessLike {
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly stderr: { write(text: string): unknown };
}

/** Asks for the events of all pools, as lines, with the value 1. */
export const DEBUG_VARIABLE = "HOLDFAST_DEBUG";

/** The function that prints a line for debugging, where the variable has the value that asks for that. */
export function debugWriter(value: string | undefined): ((line: string) => void) | undefined {
  if (value !== "1") return undefined;
  return (line) => void (globalThis as unknown as { process: ProcessLike }).process.stderr.write(`${line}\n`);
}

/** An environment variable on Node and Bun, or `undefined` if it is not set. */
export function environment(name: string): string | undefined {
  return (globalThis as unknown as { process: ProcessLike }).process.env[name];
}

interface Os {
  networkInterfaces(): Readonly<Record<string, readonly { readonly address: string }[] | undefined>>;
}

/** The addresses of all network interfaces, on Node and Bun. Deno asks for a permission. */
export function localAddresses(): string[] {
  const interfaces = builtin<Os>("node:os")?.networkInterfaces() ?? {};
  return Object.values(interfaces).flatMap((each) => (each ?? []).map(({ address }) => address));
}

interface Dns {
  lookup(
    hostname: string,
    options: { all: true; verbatim: true },
    callback: (error: Error | null, addresses: readonly { readonly address: string }[]) => void,
  ): void;
}

let dns: Dns | undefined;

/**
 * Resolves a hostname by `getaddrinfo`, which reads `/etc/hosts` and search domains and orders the addresses by RFC 6724.
 *
 * Used on Deno and Bun too: `Deno.resolveDns` asks name servers only, and gives `localhost` addresses that the system
 * does not (Deno 2.9).
 */
export function systemAddresses(hostname: string): Promise<readonly string[]> {
  dns ??= builtin<Dns>("node:dns");
  return new Promise((resolve, reject) => {
    dns?.lookup(hostname, { all: true, verbatim: true }, (error, found) => {
      if (error === null) resolve(found.map(({ address }) => address));
      else reject(transportErrorOf(error, "connect"));
    });
  });
}
