/** Seeds that found something once. They run with every test, so that it stays found. */
export const SEEDS: readonly { readonly seed: number; readonly steps: number; readonly found: string }[] = [];
