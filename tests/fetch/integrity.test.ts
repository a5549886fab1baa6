/** `integrity`: a response that is not the one expected is never given. */

import { createHash } from "node:crypto";
import { describe, it } from "node:test";
import { assertEquals } from "@std/assert";
import type { FetchInput } from "../../mod.ts";
import { causeOf, serving } from "./support.ts";

const url = "http://a.test/";

const hash = (algorithm: string, text = "hello"): string =>
  `${algorithm}-${createHash(algorithm).update(text).digest("base64")}`;

const MATCHES: Record<string, string> = {
  "each algorithm (256)": hash("sha256"),
  "each algorithm (384)": hash("sha384"),
  "each algorithm (512)": hash("sha512"),
  "one of several": `${hash("sha256", "other")}\n ${hash("sha256")}`,
  "the strongest, whatever the weaker say": `${hash("sha256", "other")} ${hash("sha512")}`,
  "without padding, with the alphabet of URLs": hash("sha256")
    .replace(/=+$/, "")
    .replaceAll("/", "_")
    .replaceAll("+", "-"),
  "with options": `${hash("sha256")}?ct=text/plain`,
  "nothing that is understood": "md5-x sha1-abc whatever",
  nothing: " ",
};

const FAILS: Record<string, string> = {
  "another body": hash("sha256", "other"),
  "a weaker one alone": `${hash("sha256")} ${hash("sha512", "other")}`,
  "no base64": "sha256-ä",
  "no base64, though a weaker one matches": `${hash("sha256")} sha384-ä`,
  "no digest": "sha256-",
  "an algorithm alone": "sha512",
};

describe("integrity", () => {
  for (const [name, integrity] of Object.entries(MATCHES)) {
    it(`matches: ${name}`, async () => {
      for (const body of ["hello", ["he", "llo"]]) {
        await using at = serving(() => ({ status: 203, headers: { "X-A": "1" }, body }));
        const inputs: FetchInput[] = [url, { url, integrity }];
        for (const input of inputs) {
          const response = await at.pool.fetch(input, { integrity });
          assertEquals([response.status, response.headers.get("x-a"), response.url], [203, "1", url]);
          assertEquals(await response.text(), "hello");
        }
      }
    });
  }

  for (const [name, integrity] of Object.entries(FAILS)) {
    it(`fails: ${name}`, async () => {
      await using at = serving();
      assertEquals((await causeOf(at.pool.fetch(url, { integrity }))).code, "ERR_INTEGRITY");
      assertEquals((await causeOf(at.pool.fetch({ url, integrity }))).code, "ERR_INTEGRITY");
      assertEquals(at.pool.stats().active, 0);
    });
  }

  it("fails without a body", async () => {
    await using at = serving(() => ({ status: 204 }));
    assertEquals(
      (await causeOf(at.pool.fetch(url, { integrity: hash("sha256", "") }))).code,
      "ERR_INTEGRITY",
    );
  });

  it("is of the decoded body", async () => {
    await using at = serving(() => ({
      headers: { "Content-Encoding": "gzip" },
      body: Uint8Array.from(atob("H4sIAAAAAAAAA8tIzcnJBwCGphA2BQAAAA=="), (character) =>
        character.charCodeAt(0),
      ),
    }));
    const response = await at.pool.fetch(url, { integrity: hash("sha256") });
    assertEquals([await response.text(), response.headers.get("content-encoding")], ["hello", null]);
  });
});
