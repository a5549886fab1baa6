/** Compare: one package on one runtime, in a process of its own, with a server for each of the two fetches. */

import { spawn } from "node:child_process";
import { fileURLToPath } from "node:url";
import { root } from "../../scripts/entries.ts";
import { type Driver, STEPS, type StepName } from "./driver.ts";
import { type Mock, startMock } from "./mock.ts";
import { commands, type Runtime } from "./runtimes.ts";
import { type Outcome, PAYLOAD } from "./steps.ts";

/** Of a whole package: six steps, twice, and the start of the runtime on a busy machine. */
const PACKAGE_MS = 120_000;

/** What one fetch did for one package. */
export interface Column {
  readonly steps: Partial<Record<StepName, Outcome>>;
  readonly connections: number;
  readonly reused: number;
}

export interface Comparison {
  readonly file: string;
  readonly driver: Driver;
  readonly runtime: Runtime;
  readonly builtIn: Column;
  readonly pool: Column;
  /** The end of what the process wrote, for people who look for the reason of a failure. */
  readonly log: string;
}

export async function compare(file: string, driver: Driver, runtime: Runtime): Promise<Comparison> {
  const builtIn = await startMock(driver, PAYLOAD);
  const pooled = await startMock(driver, PAYLOAD);
  const plan = { builtIn: addresses(builtIn), pooled: addresses(pooled) };
  const output = await drive(runtime, file, JSON.stringify(plan));
  const lines = [...output.matchAll(/^@@(.*)$/gm)].map(([, line = "{}"]) => JSON.parse(line) as Line);
  const comparison = {
    file,
    driver,
    runtime,
    builtIn: column(driver, lines, "builtIn", builtIn),
    pool: column(driver, lines, "pool", pooled),
    log: output.replaceAll(/^@@.*\n/gm, "").slice(-2000),
  };
  builtIn.close();
  pooled.close();
  return comparison;
}

function addresses({ url, control }: Mock): { readonly url: string; readonly control: string } {
  return { url, control };
}

interface Line extends Outcome {
  readonly fetch: string;
  readonly step: StepName;
}

function column(driver: Driver, lines: readonly Line[], fetchName: string, mock: Mock): Column {
  const steps: Partial<Record<StepName, Outcome>> = {};
  for (const step of STEPS) {
    if (driver.lacks?.[step] !== undefined) continue;
    const line = lines.find((one) => one.fetch === fetchName && one.step === step);
    const { ok, saw } = line ?? { ok: false, saw: "the process ended before" };
    steps[step] = { ok, saw };
  }
  return { steps, ...mock.counts() };
}

function drive(runtime: Runtime, file: string, plan: string): Promise<string> {
  const [program = "", ...args] = commands[runtime];
  const script = fileURLToPath(new URL("./drive.ts", import.meta.url));
  return new Promise((resolve) => {
    const child = spawn(program, [...args, script, file, plan], {
      cwd: root,
      stdio: ["ignore", "pipe", "pipe"],
    });
    const timer = setTimeout(() => child.kill("SIGKILL"), PACKAGE_MS);
    let output = "";
    for (const stream of [child.stdout, child.stderr])
      stream.setEncoding("utf8").on("data", (text) => {
        output += text;
      });
    child.on("error", (error) => resolve(`${output}\n${error.message}\n`));
    child.on("close", () => {
      clearTimeout(timer);
      resolve(output);
    });
  });
}
