/** Size: what `import { createPool }` loads, compared with a kept figure, so that nothing slips in that could be loaded on demand. */

import { readdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import { before, describe, it } from "node:test";
import { assert, assertEquals } from "@std/assert";
import { build } from "esbuild";
import { installedPackage, poolBundles } from "../../bench/speed/bundle.ts";
import { sizeFloor } from "../../bench/speed/size-floor.ts";

const onNode = !("Deno" in globalThis || "Bun" in globalThis);

/**
 * Bytes, minified, with 2 % to spare. A smaller figure is to be written here. A larger one too, if what was added is needed by a plain request, or by what
 * users call synchronously.
 */
const KEPT = { import: 226_400, plain: 278_500 };

describe("what a pool loads", { skip: onNode ? false : "bundled on Node" }, () => {
  let installed = "";
  before(async () => {
    installed = await installedPackage();
  });

  it("is no more than the kept figures, by its import and for plain requests on any runtime", async () => {
    const [imported, plain, , whole] = await poolBundles(installed);
    assert((imported?.minified ?? Infinity) <= KEPT.import, `the import loads ${imported?.minified} bytes`);
    assert((plain?.minified ?? Infinity) <= KEPT.plain, `plain requests load ${plain?.minified} bytes`);
    const onDemand = (whole?.minified ?? 0) - (plain?.minified ?? 0);
    assertEquals(onDemand > 50_000, true, "HTTP/2, proxies and upgrades are loaded on demand");
  });

  it("is one file for the import, and one or two beside that of the transport", async () => {
    const counts = await Promise.all(
      ["mod.js", "transports/node.js", "transports/deno.js", "transports/bun.js"].map(
        async (file) => (await loadedWith(join(installed, file))).size - 1,
      ),
    );
    assertEquals(counts, [1, 2, 1, 1]);
  });

  it("is ASCII, of which a runtime keeps one byte for each character", async () => {
    const files = await readdir(installed, { recursive: true });
    for (const file of files.filter((name) => name.endsWith(".js"))) {
      const bytes = await readFile(join(installed, file));
      assert(
        bytes.every((byte) => byte < 0x80),
        file,
      );
    }
  });

  it("is more than a plain GET runs, but what that runs exceeds the goals without anything else", async () => {
    const [whole, floor] = await sizeFloor(installed);
    assert((floor?.minified ?? 0) > 100_000, `${floor?.minified} bytes`);
    assert(
      (floor?.minified ?? 0) < 0.6 * (whole?.minified ?? 0),
      `${floor?.minified} of ${whole?.minified} bytes`,
    );
  });

  it("is left out where a program uses only what is exported beside it", async () => {
    const contents = `export { presets } from "./mod.js"`;
    const { outputFiles } = await build({
      stdin: { contents, resolveDir: installed },
      bundle: true,
      minify: true,
      format: "esm",
      platform: "node",
      write: false,
    });
    const [bundle] = outputFiles;
    assert((bundle?.contents.length ?? Infinity) < 40_000, `${bundle?.contents.length} bytes`);
  });
});

/** A file of the package, and all that it imports. */
async function loadedWith(file: string): Promise<Set<string>> {
  const files = new Set([file]);
  for (const known of files) {
    const text = await readFile(known, "utf8");
    for (const [, path = ""] of text.matchAll(/^(?:import|export) [^;]*? from '(\.[^']+)'/gm))
      files.add(join(known, "..", path));
  }
  return files;
}
