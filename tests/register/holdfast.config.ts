/** What HOLDFAST_CONFIG names in the tests, as TypeScript. */

import type { PoolOptions } from "../../mod.ts";

const options: PoolOptions = { idleTimeout: "25s" };
// biome-ignore lint/style/noDefaultExport: the default export is what the preload reads
export default options;
