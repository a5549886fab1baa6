/** `npm run campaign`: its arguments, how it reads the output of its parts, and how it ends. */

import { type ChildProcess, spawn } from "node:child_process";
import { describe, it } from "node:test";
import { fileURLToPath } from "node:url";
import { assert, assertEquals, assertMatch, assertStringIncludes, assertThrows } from "@std/assert";
import { isNode } from "../bench/main-job/runtime.ts";
import { readArguments } from "../scripts/campaign/arguments.ts";
import { follow } from "../scripts/campaign/follow.ts";
import { PARTS, type Part, shares } from "../scripts/campaign/parts.ts";
import { tableOf } from "../scripts/campaign/table.ts";
import { UsageError } from "../scripts/usage-error.ts";
import { PATIENT } from "./support/patience.ts";

/** The campaign runs on Node, like npm. */
const skip = isNode() ? false : "a script of npm's runs on Node";

function partOf(name: string): Part {
  const part = PARTS.find((one) => one.name === name);
  assert(part, name);
  return part;
}

describe("the arguments of a campaign", () => {
  it("are ten minutes of all parts, from a random seed, by default", () => {
    const { minutes, parts, from } = readArguments([], PARTS);
    assertEquals([minutes, parts], [10, PARTS]);
    assert(Number.isInteger(from) && from > 0);
  });

  it("choose any parts in any order", () => {
    const given = readArguments(
      ["--only", "soak,simulation", "--only=fuzz", "--minutes", "0.5", "--from", "7"],
      PARTS,
    );
    assertEquals(
      given.parts.map(({ name }) => name),
      ["simulation", "fuzz", "soak"],
    );
    assertEquals([given.minutes, given.from], [0.5, 7]);
  });

  const wrong: readonly (readonly [argv: string[], message: string])[] = [
    [["--minutes", "0"], '--minutes must be a number above 0, got "0"'],
    [["--minutes", "ten"], '--minutes must be a number above 0, got "ten"'],
    [["--minutes="], '--minutes must be a number above 0, got ""'],
    [["--minutes", "Infinity"], '--minutes must be a number above 0, got "Infinity"'],
    [["--from", "-1"], "--from"],
    [["--from", "1.5"], '--from must be a whole number up to 1000000000, got "1.5"'],
    [["--from", "1000000001"], "--from must be a whole number up to 1000000000"],
    [["--only", "simulation,sock"], '--only knows no part "sock": there are simulation, streams, core,'],
    [["--only="], '--only knows no part ""'],
    [["--hours", "1"], "Unknown option '--hours'"],
    [["soak"], "Unexpected argument 'soak'"],
  ];
  for (const [argv, message] of wrong)
    it(`are refused: ${argv.join(" ")}`, () => {
      assertThrows(() => readArguments(argv, PARTS), UsageError, message);
    });
});

describe("the time of a campaign", () => {
  it("is divided by weight among the chosen parts", () => {
    const seconds = shares(PARTS, 600);
    const all = PARTS.map(({ name }) => seconds(name));
    assertEquals(Math.round(all.reduce((sum, one) => sum + one, 0)), 600);
    assert(all.every((one) => one > 0));
    assertEquals(shares([partOf("soak")], 600)("soak"), 600);
  });

  it("is passed to each part", () => {
    for (const { name, command } of PARTS.filter(({ rounds }) => rounds !== true)) {
      if (name === "saboteur") continue; // it runs until it is done
      const [short, long] = [6, 6000].map((seconds) => command({ seconds, seed: 1 }).join(" "));
      assert(short !== long, name);
    }
    for (const { name, command } of PARTS) {
      if (name === "saboteur") continue; // it uses no seed
      assert(
        command({ seconds: 1, seed: 7 }).join() !== command({ seconds: 1, seed: 8 }).join(),
        `${name} starts from the seed`,
      );
    }
  });
});

/** By part: its output, the work done, the failures, and the command that shows the first failure again. */
const WORDS: Readonly<
  Record<string, readonly [text: string, work: string, failures: number, replay?: string]>
> = {
  simulation: [
    "12 seeds, 6000 requests, 900/s\nSomething broke\n  replay: --requests 500 --replay 17\n13 seeds, 6500 requests, 7 steps, 1.0 virtual days\nSomething broke\n  replay: --requests 500 --replay 17",
    "6,500 requests, 13 seeds",
    1,
    "node --import tsx tests/simulation/main.ts --requests 500 --replay 17",
  ],
  streams: [
    "Error: seed 5: it broke\n  replay: --seed 5 --requests 2000\n4000 requests, 2 worlds, 90 connections, 1 failed, 700 a second.",
    "4,000 requests, 2 worlds",
    1,
    "node --import tsx tests/simulation/http2/main.ts --seed 5 --requests 2000",
  ],
  core: [
    "Error: Seed 5 failed after\nAgain: node --import tsx tests/pool/core/simulate.ts --seed 5 --steps 1000 --climate kind",
    "0 steps, 0 seeds",
    1,
    "node --import tsx tests/pool/core/simulate.ts --seed 5 --steps 1000 --climate kind",
  ],
  saboteur: ["ok 1 - one\nnot ok 2 - two\n# tests 2\n# pass 1", "2 scenarios", 1],
  fuzz: [
    "100 inputs, 10 kinds of outcome, 0 problems\nFound, and kept in x: {}\n250 inputs, 11 kinds of outcome, 1 problems",
    "250 cases",
    1,
  ],
  frames: ['250 inputs, 11 kinds of outcome, 1 problems\nFound: {"plans":[]}', "250 cases", 1],
  windows: [
    "byte 7 of stream 1 is not what was sent\n  replay: --from 9 --lives 1\n77 lives, 1 problems",
    "77 lives",
    1,
    "node --import tsx tests/fuzz/windows/main.ts --from 9 --lives 1",
  ],
  differential: [
    "Seed 9, : {}\n  replay: --cases 1 --from 9\n77 cases, 60 read alike, 1 problems",
    "77 cases",
    1,
    "node --import tsx tests/fuzz/differential.ts --cases 1 --from 9",
  ],
  mutations: [
    'caught     1.2 s  One thing\n            not ok 1\nSURVIVED  11.5 s  Another "thing"\n            # pass',
    "2 mutations",
    1,
    'node --import tsx tests/mutations/main.ts --only "Another \\"thing\\""',
  ],
  torture: [
    "│ Holdfast request() │     3000 │ 1 │\n│ Holdfast fetch()   │     3000 │ 0 │\nHoldfast's figures are NOT all zero.",
    "2 times 3000 requests",
    1,
  ],
  goaway: [
    "│ Holdfast request() │      0 │\n│ Holdfast fetch()   │      1 │\n\nHoldfast is NOT flawless.",
    "2 times 3000 requests",
    1,
  ],
  soak: [
    "Node 20 fresh: 0 requests\nNode 20 quiet: 500 requests\nNode 20 quiet: 1100 requests\nNode 20 closed: 1100 requests\nok     a\nNOT OK b\nNOT OK c",
    "1,100 requests",
    2,
  ],
};

describe("the output of a part", () => {
  it("has an example here for each part", () =>
    assertEquals(
      Object.keys(WORDS),
      PARTS.map(({ name }) => name),
    ));

  for (const [name, [text, work, failures, replay]] of Object.entries(WORDS)) {
    it(`says what was done and what failed: ${name}`, () => {
      const part = partOf(name);
      const reading = part.read(text.split("\n"));
      assertEquals([part.sum([reading.work]), reading.failures], [work, failures]);
      assertEquals(reading.replay[0], replay);
      assertEquals(part.read([]).failures, 0);
    });
  }

  it("of several rounds is added up", () => {
    const part = partOf("fuzz");
    const works = ["2000 inputs", "3000 inputs"].map((line) => part.read([line]).work);
    assertEquals(part.sum(works), "5,000 cases");
  });
});

describe("the table of a campaign", () => {
  const row = { name: "soak", work: "5 requests", failures: 0, seconds: 61.4, replay: [] };

  it("has a line for each part", () => {
    assertMatch(tableOf([row]), /soak +│ 5 requests +│ +0 │ +61 s │ – /);
  });

  it("shows how to replay failures, up to a limit", () => {
    const replay = Array.from({ length: 9 }, (_, at) => `node ${at}`);
    const text = tableOf([row, { ...row, name: "fuzz", failures: 9, replay }]);
    assertMatch(text, /fuzz +│ 5 requests +│ +9 │ +61 s │ node 0 /);
    for (const shown of ["node 4", "and 4 more"]) assertStringIncludes(text, shown);
    assert(!text.includes("node 5"));
  });
});

/** A part that runs a line of JavaScript. */
function fake(code: string, more: Partial<Part> = {}): Part {
  return { ...partOf("fuzz"), command: ({ seed }) => [process.execPath, "-e", code, String(seed)], ...more };
}

describe("a part of a campaign", { skip }, () => {
  const given = { seconds: 60, from: 3, everyMs: 1e6, interrupt: new AbortController().signal, tell() {} };

  it("is read on both outputs, and its exit code is checked", PATIENT, async () => {
    const { runs } = await follow(fake("console.log('a\\nb'); console.error('c'); process.exit(4)"), given);
    const [run] = runs;
    assertEquals([run?.lines.toSorted(), run?.ok, runs.length], [["a", "b", "c"], false, 1]);
  });

  it(
    "that comes in rounds is run from seed to seed until its time is up, or one fails",
    PATIENT,
    async () => {
      const code = "console.log(process.argv[1]); process.exit(process.argv[1] === '6' ? 1 : 0)";
      const { runs } = await follow(fake(code, { rounds: true }), given);
      assertEquals(
        runs.map(({ lines, ok }) => [lines[0], ok]),
        [
          ["3", true],
          ["4", true],
          ["5", true],
          ["6", false],
        ],
      );
    },
  );

  it("may still report after Ctrl-C", PATIENT, async () => {
    const code =
      "process.on('SIGINT', () => { console.log('so far'); process.exit(1); }); console.log('up'); setInterval(() => {}, 1e6)";
    const interrupt = new AbortController();
    const part = fake(code);
    const clues = follow(part, {
      ...given,
      interrupt: interrupt.signal,
      everyMs: 20,
      tell: ({ last }) => last === "up" && interrupt.abort(),
    });
    const { runs, interrupted } = await clues;
    assertEquals([runs[0]?.lines, interrupted], [["up", "so far"], true]);
  });

  it("fails if it cannot be started", PATIENT, async () => {
    const { runs } = await follow({ ...fake(""), command: () => ["/no/such/program"] }, given);
    assertEquals(runs[0]?.ok, false);
  });
});

describe("npm run campaign", { skip }, () => {
  const script = fileURLToPath(new URL("../scripts/campaign.ts", import.meta.url));
  const start = (...args: readonly string[]): ChildProcess =>
    spawn(process.execPath, ["--import", "tsx", script, ...args], { stdio: ["ignore", "pipe", "pipe"] });

  /** Its exit code and its whole output. `seen` is called with the output so far after each chunk. */
  function ended(
    child: ChildProcess,
    seen: (text: string) => void = () => {},
  ): Promise<[number | null, string]> {
    let text = "";
    for (const output of [child.stdout, child.stderr]) {
      output?.on("data", (bytes) => {
        text += bytes;
        seen(text);
      });
    }
    return new Promise((resolve) => child.on("close", (code) => resolve([code, text])));
  }

  it("runs the fuzzers for a short time, and prints one table", PATIENT, async () => {
    const [code, text] = await ended(
      start("--minutes", "0.03", "--only", "fuzz,differential", "--from", "1"),
    );
    assertEquals(code, 0, text);
    assertMatch(text, /│ fuzz +│ [\d,]+ cases +│ +0 │/);
    assertMatch(text, /│ differential +│ [\d,]+ cases +│ +0 │/);
  });

  it("prints the results so far after Ctrl-C, and the parts that did not run", PATIENT, async () => {
    const child = start("--minutes", "60", "--only", "core,fuzz", "--from", "1");
    let told = false;
    const [code, text] = await ended(child, (seen) => {
      if (told || !seen.includes("▶ core")) return;
      told = true;
      // Twice, as npm does.
      child.kill("SIGINT");
      child.kill("SIGINT");
    });
    assertEquals(code, 130, text);
    assertMatch(text, /│ core +│ [\d,]+ steps, [\d,]+ seeds, interrupted +│ +0 │/);
    assertMatch(text, /│ fuzz +│ not run +│ +0 │/);
  });

  it("ends with 2 for what it does not understand", PATIENT, async () => {
    const [code, text] = await ended(start("--only", "everything"));
    assertEquals(code, 2);
    assertStringIncludes(text, '--only knows no part "everything"');
  });
});
