/** Patience: waits for what must happen, with a guard against hanging that no busy machine reaches. */

/** Longer than anything here takes, whatever else the machine does: a guard, never a measure. In ms. */
export const PATIENCE_MS = 60_000;

/** For a test that uses real sockets or processes: `it(name, PATIENT, …)`. Bun gives a test 5 s unless told otherwise. */
export const PATIENT = { timeout: 2 * PATIENCE_MS } as const;

const LOOK_MS = 5;

/** Resolves as soon as it holds; rejects when patience is at an end. For what no signal tells. */
export async function eventually(holds: () => boolean | Promise<boolean>, what: string): Promise<void> {
  const until = performance.now() + PATIENCE_MS;
  while (!(await holds())) {
    if (performance.now() > until) throw new Error(`Waited ${PATIENCE_MS / 1000} s in vain: ${what}`);
    await new Promise((resolve) => setTimeout(resolve, LOOK_MS));
  }
}

/** What the promise comes to; rejects when patience is at an end. */
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
