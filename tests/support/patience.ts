/**
 * Patience: waits for what must happen. The timeouts only guard against hanging; even a busy machine does not reach
 * them.
 */

/** Longer than anything in the tests takes, in ms. It is a guard, not a measurement. */
export const PATIENCE_MS = 60_000;

/**
 * Options for a test with real sockets or processes: `it(name, PATIENT, …)`. Bun ends a test after 5 s by default.
 */
export const PATIENT = { timeout: 2 * PATIENCE_MS } as const;

const POLL_MS = 5;

/** Polls until `holds` is true. Rejects after the guard time. For conditions that no signal announces. */
export async function eventually(holds: () => boolean | Promise<boolean>, what: string): Promise<void> {
  const until = performance.now() + PATIENCE_MS;
  while (!(await holds())) {
    if (performance.now() > until) throw new Error(`Waited ${PATIENCE_MS / 1000} s in vain: ${what}`);
    await new Promise((resolve) => setTimeout(resolve, POLL_MS));
  }
}

/** Returns the result of a promise. Rejects after the guard time. */
export async function guarded<T>(promise: Promise<T>, what: string): Promise<T> {
  let timer: ReturnType<typeof setTimeout> | undefined;
  const late = new Promise<never>((_, reject) => {
    const error = new Error(`Waited ${PATIENCE_MS / 1000} s in vain: ${what}`);
    timer = setTimeout(() => reject(error), PATIENCE_MS);
  });
  try {
    return await Promise.race([promise, late]);
  } finally {
    clearTimeout(timer);
  }
}
