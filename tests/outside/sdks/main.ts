/**
 * Packages that do not take a fetch, and frameworks with a server of their own, in a folder of their own.
 *
 * ```sh
 * npm run outside:sdks               # installs them, and runs what needs them
 * npm run outside:sdks -- --newest   # takes the newest versions from npm first
 * ```
 */

import { parseArgs } from "node:util";
import { run } from "../../../scripts/test/run.ts";
import { nodeWithTsx } from "../../../scripts/test/tools.ts";
import { installPackages } from "../install.ts";

const { values } = parseArgs({ options: { newest: { type: "boolean", default: false } } });

if (await installPackages(values.newest, "sdks")) {
  const { ok, output } = await run([...nodeWithTsx, "--test", "tests/server/frameworks.test.ts"]);
  console.log(output);
  process.exitCode = ok ? 0 : 1;
} else {
  console.error("The packages could not be installed.");
  process.exitCode = 1;
}
