/** The list of the results that web-platform-tests are expected to have: how it is judged, and that it is whole. */

import { describe, it } from "node:test";
import { assertEquals } from "@std/assert";
import { Expectations } from "../../scripts/wpt/expectations.ts";
import type { FileResult } from "../../scripts/wpt/run-file.ts";

const FILE = "fetch/api/basic/conditional-get.any.js";
const NAME = "Testing conditional GET with ETags";

const ran = (file: string, ...tests: [name: string, passed: boolean][]): FileResult[] => [
  { file, tests: tests.map(([name, passed]) => ({ name, passed, message: "why" })) },
];

const expectations = Expectations.read();

describe("the expectations of web-platform-tests", () => {
  it("name a reason for every test that fails", () => {
    for (const { runtime, file, names } of expectations.failing()) {
      const failed = names.map((name): [string, boolean] => [name, false]);
      const { differences, unexplained } = expectations.judge(runtime, ran(file, ...failed));
      assertEquals([file, unexplained, differences], [file, [], []]);
    }
  });

  it("are met by a test that fails as listed, and by others that pass", () => {
    const { differences, unexplained, byReason } = expectations.judge(
      "node24",
      ran(FILE, [NAME, false], ["another", true]),
    );
    assertEquals([differences, unexplained, [...byReason.values()]], [[], [], [1]]);
  });

  it("are not met by a test that passes, fails or is missing unexpectedly", () => {
    const passes = expectations.judge("node24", ran(FILE, [NAME, true]));
    assertEquals(passes.differences, [`${FILE}: ${NAME} passes`]);
    const missing = expectations.judge("node24", ran(FILE));
    assertEquals(missing.differences, [`${FILE}: ${NAME} is in the list, and did not run`]);
    const fails = expectations.judge("node24", ran("fetch/new.any.js", ["new", false]));
    assertEquals(fails.differences, ["fetch/new.any.js: new fails: why"]);
    assertEquals(fails.unexplained, ["fetch/new.any.js: new: why"]);
  });

  it("skip what is a browser's own", () => {
    assertEquals(
      [FILE, "fetch/api/cors/cors-basic.any.js", "fetch/http-cache/partial.any.js"].map((file) =>
        expectations.skips(file),
      ),
      [false, true, true],
    );
  });
});
