import { existsSync } from "node:fs";
import { join } from "node:path";
import { root } from "../entries.ts";
import { TEST_LIMIT } from "./each-ends.ts";
import { checks, type Step, script, skipped, tests } from "./step.ts";
import {
  bunPace,
  denoTest,
  node22,
  node24,
  nodePace,
  nodeWithTsx,
  onSeveralNodes,
  PACE,
  testFiles,
  tool,
} from "./tools.ts";

/** Time limits are a multiple of what steps take on an idle machine: other programs may keep all its processors busy. */
const MINUTE = 60_000;

const NO_FILES = "None of these files is run on this runtime.";

/** Bun ends a test after 5 s by default. On a busy machine a test that starts a program takes longer. */
const BUN_TEST_MS = 120_000;

/** Tests that drive a browser run on Node only: the page is the same on every runtime. */
const browserTests = ["./tests/browser/assets.test.ts", "./tests/browser/status-page.test.ts"];

/** The lab starts clients on all runtimes itself, and mostly waits: once is enough, and other steps can run beside it. */
const networkTests = ["./tests/network/network.test.ts"];

/** What depends on whether a millisecond has passed. Time stands still in them for up to 20 ms: `pace.ts`. */
const pacedTests = [
  "./tests/loop/liveness-check.test.ts",
  "./tests/pool/liveness-check.test.ts",
  "./tests/transports/node-writes.test.ts",
  "./tests/transports/socket.test.ts",
];

/**
 * Node 22 skips some more: what measures memory and CPU time, the examples and workerd, and what uses nothing of Node, like rules,
 * options, parsers and everything else that runs in virtual time. Node 20 and Node 24 (or Deno), between which
 * Node 22 lies, run them.
 */
const NOT_ON_NODE_22 =
  /^\.\/tests\/(bounds|examples|workers|promises\/kept|rules|presets|probe|cli|options|pool|fuzz|metrics|contract|http1|http2\/(floods|splits|windows)|reentrancy|hono\/status)\b/;

/** They start Node 24 themselves, and Deno and Bun, wherever they run: on Node 20 and Node 22 they do. */
const START_NODE_24 = /^\.\/tests\/(each-ends|unhandled)\b/;

/**
 * What takes long and uses nothing but JavaScript. Its result can only depend on the engine, and that of Node 24 (V8 13.6) lies between
 * those of Node 20 (11.3) and Deno 2.9 (15.0), which run it.
 */
const PURE =
  /^\.\/tests\/(bounds\/linear|fuzz|hono\/status\/busiest-origins|http1\/splits|http2\/(floods|splits|windows)|pool\/core|rules)\b/;

/** Tools that are only run by Node, and documents: Deno and Bun, which are no part of what these prove, would do the same again. */
const NODES_ALONE =
  /^\.\/tests\/(bench\/(ab|allocations|learning|proofs|size|speed|system-calls)|campaign|docs|house|mutations|test-command)\b/;

/** Each collection that they force walks the whole heap, which is small only in a process without the other tests. */
const COLLECTS_GARBAGE = /^\.\/tests\/promises\/(kept|dropped|discarded)\b/;

/**
 * What `npm test` does, in order. A new step is a new row. First comes what fails soonest, then the longest: a long step that begins
 * late runs on when there is nothing left to run beside it.
 */
export function steps(filters: readonly string[]): Step[] {
  const files = testFiles(filters);
  const onOthers = files.filter((file) => !NODES_ALONE.test(file));
  const conformance = "tests/conformance/main.ts";
  const parity = "tests/parity/main.ts";
  return [
    // The third project of `npm run check`, tsconfig.build.json, is compiled by the step `package`: it builds the library.
    checks({ name: "types", title: "type check", timeoutMs: 10 * MINUTE }, [
      [tool("tsc"), "-p", "tsconfig.json"],
      [tool("tsc"), "-p", "tsconfig.src.json"],
    ]),
    checks({ name: "biome", title: "format and lint", timeoutMs: 5 * MINUTE }, [
      [tool("biome"), "ci", "--colors=off"],
    ]),
    script({ name: "layering", title: "planted violations of the layering", timeoutMs: 5 * MINUTE }, [
      ...nodeWithTsx,
      "scripts/check-layering.ts",
    ]),
    ...nodeSteps(
      { name: "node", title: `tests on Node ${process.versions.node}`, timeoutMs: 15 * MINUTE },
      nodeWithTsx,
      files,
    ),
    ...inTwo({ name: "deno", title: "tests on Deno", timeoutMs: 15 * MINUTE }, onOthers, (report, part) =>
      denoTest(part, [`--junit-path=${report}`]),
    ),
    ...bunSteps(onOthers),
    script({ name: "package", title: "npm package, installed and used", timeoutMs: 15 * MINUTE }, [
      ...nodeWithTsx,
      "scripts/check-package.ts",
    ]),
    ...node24Steps(files),
    ...node22Steps(files),
    tests({ name: "status-page", title: "status page in a browser", timeoutMs: 15 * MINUTE }, (report) => [
      ...nodeWithTsx,
      ...nodeTestArgs(report),
      ...browserTests,
    ]),
    script({ name: "bench", title: "a slice of the bench, untimed", timeoutMs: 12 * MINUTE }, [
      ...nodeWithTsx,
      "bench/speed/main.ts",
      "--slice",
    ]),
    tests({ name: "network", title: "a slice of the network lab", timeoutMs: 5 * MINUTE }, (report) => [
      ...nodeWithTsx,
      ...nodeTestArgs(report),
      ...networkTests,
    ]),
    tests({ name: "pace", title: "tests of time on a faster machine", timeoutMs: 5 * MINUTE }, (report) => [
      ...nodeWithTsx,
      ...nodeTestArgs(report, ["--import", PACE]),
      ...pacedTests,
    ]),
    script({ name: "publish", title: "type check by Deno, JSR dry run", timeoutMs: 10 * MINUTE }, [
      ...nodeWithTsx,
      "scripts/check-publish.ts",
    ]),
    ...present(
      conformance,
      script({ name: "conformance", title: "conformance", timeoutMs: 25 * MINUTE, waits: true }, [
        ...nodeWithTsx,
        conformance,
      ]),
    ),
    ...present(
      parity,
      script({ name: "parity", title: "presets beside real programs", timeoutMs: 20 * MINUTE, waits: true }, [
        ...nodeWithTsx,
        parity,
      ]),
    ),
  ];
}

/** Without a file, Bun would look for some itself. */
function bunSteps(files: readonly string[]): Step[] {
  const step = { name: "bun", title: "tests on Bun", timeoutMs: 15 * MINUTE };
  if (files.length === 0) return [skipped(step, NO_FILES)];
  const command = (report: string): string[] => [
    tool("bun"),
    "test",
    `--timeout=${BUN_TEST_MS}`,
    ...bunPace,
    "--reporter=junit",
    `--reporter-outfile=${report}`,
    ...files,
  ];
  return [tests(step, command)];
}

/** Node 24 runs the sources without a loader. This shows that erasing types is all they need. */
function node24Steps(files: readonly string[]): Step[] {
  const step = { name: "node24", title: "tests on Node 24, without tsx", timeoutMs: 15 * MINUTE };
  const node = node24();
  if (node === undefined) return [skipped(step, "There is no Node 24 package for this platform.")];
  const chosen = onSeveralNodes(files).filter((file) => !START_NODE_24.test(file) && !PURE.test(file));
  return nodeSteps(step, [node], chosen);
}

/** Node 22 needs tsx, as Node 20 does: it can erase types, but it does not know `using`. */
function node22Steps(files: readonly string[]): Step[] {
  const step = { name: "node22", title: "tests on Node 22, but the longest", timeoutMs: 15 * MINUTE };
  const node = node22();
  if (node === undefined) return [skipped(step, "There is no Node 22 package for this platform.")];
  const chosen = onSeveralNodes(files).filter((file) => !NOT_ON_NODE_22.test(file));
  return nodeSteps(step, [node, "--import", "tsx"], chosen);
}

function nodeSteps(step: Omit<Step, "run">, node: readonly string[], files: readonly string[]): Step[] {
  return inTwo(step, files, (report, part) => [...node, ...nodeTestArgs(report), ...part]);
}

/** One process for most files, and one for those that collect garbage. Both steps have the same name. */
function inTwo(
  step: Omit<Step, "run">,
  files: readonly string[],
  command: (report: string, part: readonly string[]) => string[],
): Step[] {
  const collecting = files.filter((file) => COLLECTS_GARBAGE.test(file));
  const others = files.filter((file) => !COLLECTS_GARBAGE.test(file));
  const parts = [
    { title: step.title, files: others },
    { title: `${step.title}: garbage`, files: collecting },
  ].filter((part) => part.files.length > 0);
  if (parts.length === 0) return [skipped(step, NO_FILES)];
  return parts.map((part) => tests({ ...step, title: part.title }, (report) => command(report, part.files)));
}

function nodeTestArgs(report: string, pace: readonly string[] = nodePace): string[] {
  const reporters = [
    ["spec", "stdout"],
    ["junit", report],
  ];
  return [
    ...reporters.flatMap(([name, to]) => [`--test-reporter=${name}`, `--test-reporter-destination=${to}`]),
    TEST_LIMIT,
    ...pace,
    "scripts/test/all.ts",
  ];
}

function present(file: string, step: Step): Step[] {
  return existsSync(join(root, file)) ? [step] : [];
}
