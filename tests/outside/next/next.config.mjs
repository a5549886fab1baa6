import { fileURLToPath } from "node:url";

/** Next would look for the root in the folders above, by their lock files. */
export default { turbopack: { root: fileURLToPath(new URL(".", import.meta.url)) } };
