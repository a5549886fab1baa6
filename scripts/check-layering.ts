/**
 * Proves that biome.jsonc guards the architecture. It lints a copy of tests/fixtures/layering, a small tree of planted
 * violations with the folders of this repository. The first line of each file says what must be reported there:
 * `// expect: <rules>`, or `nothing` for what a layer may do.
 */
import { cp, mkdtemp, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { root } from "./entries.ts";
import { type Counts, countsLine, none } from "./test/counts.ts";
import { run } from "./test/run.ts";
import { tool } from "./test/tools.ts";

/** Rules reported or expected, by file. */
type Findings = ReadonlyMap<string, ReadonlySet<string>>;

const folder = await mkdtemp(join(tmpdir(), "holdfast-layering-"));
try {
  await plant(folder);
  const counts = compare(await expected(folder), await reported(folder));
  console.log(countsLine(counts));
  process.exitCode = counts.failed > 0 ? 1 : 0;
} finally {
  await rm(folder, { recursive: true, force: true });
}

async function plant(into: string): Promise<void> {
  await cp(join(root, "tests/fixtures/layering"), into, { recursive: true });
  for (const file of ["biome.jsonc", "package.json"]) await cp(join(root, file), join(into, file));
  // Violations of the ceilings are made here, because nobody wants to read a file that long among the fixtures.
  await writeFile(join(into, "src/pool/long-file.ts"), longFile());
  await writeFile(join(into, "src/pool/long-function.ts"), longFunction());
  await writeFile(join(into, "src/pool/tangled.ts"), tangled());
}

function longFile(): string {
  const lines = Array.from({ length: 400 }, (_, at) => `export const x${at} = ${at};`);
  return ["// expect: lint/style/noExcessiveLinesPerFile", ...lines, ""].join("\n");
}

function longFunction(): string {
  const lines = Array.from({ length: 51 }, (_, at) => `  f(${at});`);
  const rule = "// expect: lint/complexity/noExcessiveLinesPerFunction";
  return [rule, "export function wrong(f: (x: number) => void): void {", ...lines, "}", ""].join("\n");
}

function tangled(): string {
  const lines = Array.from({ length: 16 }, (_, at) => `  if (x === ${at}) return ${at + 1};`);
  const rule = "// expect: lint/complexity/noExcessiveCognitiveComplexity";
  return [rule, "export function wrong(x: number): number {", ...lines, "  return 0;", "}", ""].join("\n");
}

async function expected(from: string): Promise<Findings> {
  const found = new Map<string, ReadonlySet<string>>();
  for (const file of await readdir(from, { recursive: true })) {
    if (!file.endsWith(".ts")) continue;
    const [first = ""] = (await readFile(join(from, file), "utf8")).split("\n");
    const rules = first.replace("// expect: ", "").split(" ");
    found.set(file.replaceAll("\\", "/"), new Set(rules.filter((rule) => rule !== "nothing")));
  }
  return found;
}

/** The parts of Biome's GitLab report (a plain list) that are read here. */
type Report = ReadonlyArray<{ readonly check_name: string; readonly location: { readonly path: string } }>;

async function reported(from: string): Promise<Findings> {
  const { output } = await run(
    [tool("biome"), "lint", "--reporter=gitlab", "--max-diagnostics=none", "--diagnostic-level=error"],
    { cwd: from },
  );
  const found = new Map<string, Set<string>>();
  for (const { check_name, location } of parseReport(output)) {
    found.set(location.path, (found.get(location.path) ?? new Set()).add(check_name));
  }
  return found;
}

function parseReport(output: string): Report {
  const start = output.indexOf("[");
  if (start === -1) throw new Error(`Biome gave no report:\n${output}`);
  return JSON.parse(output.slice(start, output.lastIndexOf("]") + 1));
}

function compare(planted: Findings, found: Findings): Counts {
  let { passed, failed } = none;
  for (const [file, rules] of planted) {
    const wanted = [...rules].sort().join(" ");
    const got = [...(found.get(file) ?? [])].sort().join(" ");
    if (wanted === got) {
      passed += 1;
    } else {
      failed += 1;
      console.log(`${file}: expected ${wanted || "nothing"}, Biome reported ${got || "nothing"}`);
    }
  }
  return { passed, failed, skipped: 0 };
}
