/** Environment: variables on Node and Bun. */

interface ProcessLike {
  readonly env: Readonly<Record<string, string | undefined>>;
}

/** A variable, or `undefined` if it is not set. */
export function environment(name: string): string | undefined {
  return (globalThis as unknown as { process: ProcessLike }).process.env[name];
}
