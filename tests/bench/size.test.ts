/** Size: what `import { createPool }` loads, compared with a kept figure, so that nothing slips in that could be loaded on demand. */

import { describe, it } from "node:test";
import { assert, assertEquals } from "@std/assert";
import { poolBundles } from "../../bench/speed/bundle.ts";

const onNode = !("Deno" in globalThis || "Bun" in globalThis);

/**
 * Bytes, minified, with 2 % to spare. A smaller figure is to be written here. A larger one too, if what was added is needed by a plain request, or by what
 * users call synchronously.
 */
const KEPT = { import: 221_000, plain: 260_000 };

describe("what a pool loads", { skip: onNode ? false : "bundled on Node" }, () => {
  it("is no more than the kept figures, by its import and for plain requests on any runtime", async () => {
    const [imported, plain, , whole] = await poolBundles();
    assert((imported?.minified ?? Infinity) <= KEPT.import, `the import loads ${imported?.minified} bytes`);
    assert((plain?.minified ?? Infinity) <= KEPT.plain, `plain requests load ${plain?.minified} bytes`);
    const onDemand = (whole?.minified ?? 0) - (plain?.minified ?? 0);
    assertEquals(onDemand > 50_000, true, "HTTP/2, proxies and upgrades are loaded on demand");
  });
});
