import { XMLParser } from "fast-xml-parser";

export interface Counts {
  readonly passed: number;
  readonly failed: number;
  readonly skipped: number;
}

export const none: Counts = { passed: 0, failed: 0, skipped: 0 };

export function sum(a: Counts, b: Counts): Counts {
  return { passed: a.passed + b.passed, failed: a.failed + b.failed, skipped: a.skipped + b.skipped };
}

/** The last line of each of our scripts, and of `npm test` itself. */
export function countsLine({ passed, failed, skipped }: Counts): string {
  return `${passed} passed, ${failed} failed, ${skipped} skipped`;
}

/** The last such line in a program's output. */
export function parseCountsLine(output: string): Counts | undefined {
  const match = [...output.matchAll(/^(\d+) passed, (\d+) failed, (\d+) skipped$/gm)].at(-1);
  return match && { passed: Number(match[1]), failed: Number(match[2]), skipped: Number(match[3]) };
}

/** A program that crashed has failed, even if its report, cut short, contains no failure. */
export function withExit(counts: Counts, ok: boolean): Counts {
  return ok || counts.failed > 0 ? counts : { ...counts, failed: 1 };
}

interface TestCase {
  readonly name: string;
  readonly failure?: unknown;
  readonly error?: unknown;
  readonly skipped?: unknown;
}

interface Suite {
  readonly testsuite?: readonly Suite[];
  readonly testcase?: readonly TestCase[];
}

/** Counts the tests of a JUnit report as Node, Deno and Bun write it: leaves only, not the suites around them. */
export function parseJunit(xml: string): Counts {
  const parser = new XMLParser({
    ignoreAttributes: false,
    attributeNamePrefix: "",
    isArray: (tag) => tag === "testsuite" || tag === "testcase",
  });
  const report: { testsuites?: Suite } = parser.parse(xml);
  return leaves(casesOf(report.testsuites ?? {}))
    .map(countOf)
    .reduce(sum, none);
}

function casesOf(suite: Suite): TestCase[] {
  return [...(suite.testcase ?? []), ...(suite.testsuite ?? []).flatMap(casesOf)];
}

/** Deno reports a suite as a test case, too. The names of its tests begin with its own: `suite > test`. */
function leaves(cases: readonly TestCase[]): TestCase[] {
  const parents = new Set(cases.flatMap(({ name }) => ancestors(name)));
  return cases.filter(({ name }) => !parents.has(name));
}

function ancestors(name: string): string[] {
  const parts = name.split(" > ");
  return parts.slice(1).map((_, at) => parts.slice(0, at + 1).join(" > "));
}

function countOf(test: TestCase): Counts {
  if (test.skipped !== undefined) return { ...none, skipped: 1 };
  if (test.failure !== undefined || test.error !== undefined) return { ...none, failed: 1 };
  return { ...none, passed: 1 };
}
