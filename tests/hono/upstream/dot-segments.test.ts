/** `hasDotSegments()` with every spelling of a dot segment, and with paths that only look like one. */

import { describe, it } from "node:test";
import { assertEquals } from "@std/assert";
import { hasDotSegments } from "../../../src/hono/upstream/dot-segments.ts";

/** URLs and paths with a dot segment. */
const WITH = [
  "/..",
  "/.",
  "/a/../b",
  "/a/./b",
  "/a/..",
  "/a/%2e%2E/b",
  "/a/.%2e/b",
  "/a/%2e/b",
  "/a/..%2fb",
  "/a%2F..%2Fb",
  "/a\\..\\b",
  "/a/..%5Cb",
  "/a/..;x=1/b",
  "http://a.test/..",
  "https://a.test:8080/a/%2e%2e?x",
  "../a",
  "/../a://b",
  "/..//x://y/z",
] as const;

/** URLs and paths without one. */
const WITHOUT = [
  "/",
  "/a",
  "/a/...",
  "/a/..b",
  "/a/b..",
  "/.well-known/x",
  "/a.b/c.d",
  "/a%2fb",
  "/a?x=/../b",
  "/a#/../b",
  "/a/%252e%252e/b",
  "http://a.test",
  "http://a..test/a",
  "/a;../b",
] as const;

describe("hasDotSegments()", () => {
  for (const url of WITH) it(`finds one in ${url}`, () => assertEquals(hasDotSegments(url), true));
  for (const url of WITHOUT) it(`finds none in ${url}`, () => assertEquals(hasDotSegments(url), false));
});
