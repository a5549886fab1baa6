/** Types: whether each package takes `pool.fetch` for its own option, with the types that its users may have. */

import { run } from "../../scripts/test/run.ts";
import { tool } from "../../scripts/test/tools.ts";

const project = (name: string): string[] => [tool("tsc"), "--pretty", "false", "-p", `tests/outside/${name}`];

/** Each way to check the drivers, by the name that the table gives it. */
export const CHECKS: Readonly<Record<string, (files: readonly string[]) => string[]>> = {
  DOM: () => project("tsconfig.json"),
  Node: () => project("tsconfig.node.json"),
  Bun: () => project("tsconfig.bun.json"),
  Deno: (files) => [tool("deno"), "check", ...files.map((file) => `tests/outside/drivers/${file}`)],
};

/** What a check reports of one driver. */
export interface DriverError {
  readonly file: string;
  readonly check: string;
  readonly text: string;
}

/** The drivers see the declarations of the npm package, and in Deno the sources. Errors outside the drivers, in the packages and in the library, are the subject of other tests. */
export async function typeErrors(files: readonly string[]): Promise<DriverError[]> {
  await run([
    ...project("../../tsconfig.build.json"),
    "--emitDeclarationOnly",
    "--outDir",
    ".cache/outside/types",
  ]);
  const errors: DriverError[] = [];
  for (const [check, command] of Object.entries(CHECKS)) {
    const { output } = await run(command(files));
    errors.push(
      ...(check === "Deno" ? denoErrors(output) : tscErrors(output)).map((one) => ({ ...one, check })),
    );
  }
  return errors.filter(({ file }) => files.includes(file));
}

type Reported = Omit<DriverError, "check">;

function tscErrors(output: string): Reported[] {
  return [...output.matchAll(/^(?:.*\/)?drivers\/([\w-]+\.ts)\(\d+,\d+\): error (TS\d+: .*)$/gm)].map(
    ([, file = "", text = ""]) => ({ file, text }),
  );
}

/** `TS2322 [ERROR]: …`, and below it, after the source, `at file:///…/drivers/openai.ts:19:5`. */
function denoErrors(output: string): Reported[] {
  const reports = output.split(/^(?=TS\d+ \[ERROR\])/m);
  return reports.flatMap((report) => {
    const [, file] = /^ +at .*\/drivers\/([\w-]+\.ts):\d+:\d+$/m.exec(report) ?? [];
    return file === undefined ? [] : [{ file, text: report.split("\n")[0] ?? "" }];
  });
}
