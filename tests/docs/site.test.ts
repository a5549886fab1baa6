/** The site of the documentation: its pages and its links. */

import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { describe, it } from "node:test";
import { assert, assertEquals } from "@std/assert";
import { balanceChart } from "../../scripts/balance-chart.ts";
import { deadLinks } from "../../scripts/docs/links.ts";
import { pages } from "../../scripts/docs/pages.ts";

/** The dead links of a site with these files. */
function deadOf(files: Readonly<Record<string, string>>): string[] {
  const site = mkdtempSync(join(tmpdir(), "holdfast-site-"));
  try {
    for (const [path, html] of Object.entries(files)) {
      mkdirSync(dirname(join(site, path)), { recursive: true });
      writeFileSync(join(site, path), html);
    }
    return deadLinks(site);
  } finally {
    rmSync(site, { recursive: true, force: true });
  }
}

describe("the site", () => {
  it("has a page for each document, and only links that lead somewhere", () => {
    const made = pages();
    const paths = made.map(({ path }) => path);
    for (const path of ["index.html", "docs/recipes.html", "docs/migration.html"])
      assert(paths.includes(path), path);
    const files = Object.fromEntries(made.map(({ path, html }) => [path, html]));
    assertEquals(deadOf({ ...files, "style.css": "", "api/index.html": "" }), []);
  });

  it("would fail for a page or a place that is not there", () => {
    const page =
      '<a href="b.html#here"></a><a href="b.html#there"></a><a href="c.html"></a><img src="https://x.test/">';
    assertEquals(deadOf({ "a.html": page, "b.html": '<h1 id="here"></h1>' }), [
      "a.html: b.html#there has no such place",
      "a.html: c.html leads nowhere",
    ]);
  });
});

describe("docs/balance.svg", () => {
  it("is what balance() gives today (scripts/balance-chart.ts draws it)", () => {
    assertEquals(readFileSync(new URL("../../docs/balance.svg", import.meta.url), "utf8"), balanceChart());
  });
});
