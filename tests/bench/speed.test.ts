/** The speed bench: the conclusions that it draws from rounds. A step of npm test shows that it runs. */

import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { describe, it } from "node:test";
import { assert, assertEquals, assertRejects, assertStringIncludes, assertThrows } from "@std/assert";
import { readArguments } from "../../bench/speed/arguments.ts";
import { chartOf } from "../../bench/speed/chart.ts";
import { GOALS } from "../../bench/speed/goal-list.ts";
import { type GoalRow, goalRows } from "../../bench/speed/goals.ts";
import { latenciesOf, percentileOf } from "../../bench/speed/latencies.ts";
import { openRoundMs, openRounds } from "../../bench/speed/open-lengths.ts";
import { openLoop } from "../../bench/speed/open-loop.ts";
import { Progress } from "../../bench/speed/progress.ts";
import { reportOf } from "../../bench/speed/report.ts";
import { merged, type Part, readParts, writeParts } from "../../bench/speed/results.ts";
import { deception, type Round } from "../../bench/speed/round.ts";
import { SCENARIOS } from "../../bench/speed/scenarios.ts";
import { allRoundsOf, GROUPS, NAMES, roundsOf, secondsOfRound } from "../../bench/speed/sections.ts";
import { type Series, summarize } from "../../bench/speed/summary.ts";
import { readWorkers } from "../../bench/speed/workers.ts";
import { UsageError } from "../../scripts/usage-error.ts";

const [small] = SCENARIOS;
const runtime = { name: "Node 24", version: "24.0.0", command: [], peers: [] };
const MEASURED = {
  date: "2026-11-27",
  rounds: 5,
  seconds: 0.6,
  machine: "2 cores of AMD EPYC, 8 GiB",
  processor: "AMD EPYC",
  versions: { "Node 24": "24.0.0" },
};

function round(perSecond: number, clientBusy = 1, originBusy = 0.5): Round {
  const cpuMicros = (clientBusy * 1e6) / perSecond;
  return {
    answers: 1,
    requests: 1,
    p50Micros: 0,
    p99Micros: 0,
    perSecond,
    cpuMicros,
    clientBusy,
    originBusy,
    resumed: 0,
  };
}

function series(kind: string, ...rounds: Round[]): Series {
  if (small === undefined) throw new Error("There is no main scenario");
  return { scenario: small, runtime, kind, rounds };
}

/** A part whose clients made one round each. */
function part(rounds: Readonly<Record<string, Round>>, given: Partial<Part> = {}): Part {
  const rows = Object.entries(rounds).flatMap(([kind, one]) => {
    const summary = summarize(series(kind, one));
    return summary === undefined ? [] : [{ kind, summary }];
  });
  return { section: "small", runtime: "Node 24", measured: MEASURED, rows, ...given };
}

/** The goals of these words. */
const goalOf = (parts: readonly Part[], what: string): GoalRow | undefined =>
  goalRows(GOALS, parts).find((row) => row.what.startsWith(what));

describe("the figures of the speed bench", () => {
  it("are medians of the rounds, with their spread", () => {
    const summary = summarize(series("ky", round(100), round(300), round(200)));
    assertEquals(summary?.perSecond, 200);
    assertEquals(summary?.spread, 1);
  });

  it("distinguish an origin that was the bottleneck from a busy machine", () => {
    const cases = [
      { client: 1, origin: 0.5, originBound: false, disturbed: false },
      { client: 0.6, origin: 0.95, originBound: true, disturbed: false },
      { client: 0.6, origin: 0.5, originBound: false, disturbed: true },
    ];
    for (const { client, origin, originBound, disturbed } of cases) {
      const summary = summarize(series("ky", round(100, client, origin)));
      assertEquals([summary?.originBound, summary?.disturbed], [originBound, disturbed]);
    }
  });

  it("are refused where the origin knows better than the client", () => {
    const uploads = { upload: 100, body: "bytes", fresh: false } as const;
    const cases = [
      [{ ...uploads }, 5, 5, { made: 0, uploaded: 500 }, undefined],
      [{ ...uploads }, 5, 4, { made: 0, uploaded: 400 }, "It says it got 5 answers, the origin gave 4"],
      [{ ...uploads }, 5, 5, { made: 0, uploaded: 499 }, "99.8 bytes of body came with a request, not 100"],
      [{ ...uploads }, 5, 5, { made: 0, uploaded: 501 }, "100.2 bytes of body came with a request, not 100"],
      [{ ...uploads, body: "form" }, 1, 1, { made: 0, uploaded: 450 }, undefined],
      [
        { ...uploads, body: "form" },
        1,
        1,
        { made: 0, uploaded: 100 },
        "100 bytes of body came with a request, not 300",
      ],
      [{ upload: 0, fresh: true }, 5, 5, { made: 5, uploaded: 0 }, undefined],
      [
        { upload: 0, fresh: true },
        5,
        5,
        { made: 4, uploaded: 0 },
        "5 answers came on 4 connections, not on a new one each",
      ],
      [{ upload: 0 }, 1000, 1010, { made: 0, uploaded: 0 }, undefined],
      [
        { upload: 0 },
        1000,
        1011,
        { made: 0, uploaded: 0 },
        "It says it got 1000 answers, the origin gave 1011",
      ],
      [{ upload: 100 }, 5, 5, { made: NaN, uploaded: NaN }, undefined],
    ] as const;
    for (const [scenario, answers, served, counted, says] of cases)
      assertEquals(deception(scenario, answers, served, counted), says);
  });

  it("are drawn as a bar for each measured client, and not at all without measurements", () => {
    const chart = chartOf([part({ "holdfast fetch": round(700), "built-in fetch": round(100) })]);
    assertStringIncludes(chart ?? "", "Node 24: holdfast fetch 700, built-in fetch 100");
    assertEquals(chart?.match(/<rect/g)?.length, 2);
    assert(chartOf([]) === undefined);
  });
});

describe("the open loop of the speed bench", () => {
  const arrivals = 1000;

  it("counts from when a request was due, so that a client that is late does not hide it", async () => {
    let [sent, time] = [0, 0];
    const now = (): number => {
      time += 0.01;
      return time;
    };
    const stopsOnce = async (): Promise<number> => {
      if (++sent === 5) time += 50;
      return 100;
    };
    const { requests, micros } = await openLoop(stopsOnce, { expected: 100, arrivals }, 100, now);
    assertEquals([requests, micros.length], [sent, sent]);
    // About one in each of the 50 ms, in which none was sent.
    const late = micros.filter((one) => one > 20_000).length;
    assert(late >= 15 && late <= 50, `${late} were late`);
  });

  it("sends no more than its limit in a warm-up, and takes what came meanwhile for not due", async () => {
    let [time, waiting, most, sent] = [0, 0, 0, 0];
    const now = (): number => {
      time += 0.01;
      return time;
    };
    const slow = async (): Promise<number> => {
      sent += 1;
      most = Math.max(most, ++waiting);
      await new Promise((resolve) => setImmediate(resolve));
      waiting -= 1;
      return 100;
    };
    const { requests } = await openLoop(slow, { expected: 100, arrivals: 1e6, mostWaiting: 3 }, 10, now);
    assertEquals([most, requests], [3, sent]);
    assert(sent < 5000, `${sent} of the 10,000 that came`);
  });

  it("has four short rounds for one of others, of enough requests for a p99 of all, and none longer than others", () => {
    assertEquals(
      [60_000, 12_000, 6000, 100].map((rate) => openRoundMs(rate, 500)),
      [125, 250, 500, 500],
    );
    assertEquals(openRounds(5), 20);
  });

  it("has a p99 of all rounds together, beside those of the best round and the worst", () => {
    const fast = Array.from({ length: 10_000 }, () => 100);
    const paused = [...fast.slice(0, 9700), ...fast.slice(0, 300).map(() => 4000)];
    const rounds = [fast, fast, fast, fast, paused].map((micros) => ({
      ...round(1),
      p99Micros: micros[9900] ?? NaN,
      latencies: latenciesOf(micros),
    }));
    // 300 of 50,000 are slow: one pause does not decide the row, and two do.
    const summary = summarize(series("ky", ...rounds));
    assert(Math.abs((summary?.p99Micros ?? 0) - 100) <= 1, `${summary?.p99Micros} µs`);
    assertEquals(summary?.p99Range, [100, 4000]);
    const twice = summarize(series("ky", ...rounds.slice(1), ...rounds.slice(4)));
    assert(Math.abs((twice?.p99Micros ?? 0) - 4000) <= 40, `${twice?.p99Micros} µs`);
    const open = part({}, { section: "open-20" });
    const rows = summary === undefined ? [] : [{ kind: "ky", summary }];
    assertStringIncludes(reportOf([{ ...open, rows }]), "| 100 to 4,000 |");
  });

  it("tells latencies in steps of 1 %", () => {
    const micros = Array.from({ length: 1000 }, (_, at) => 3 + 7 * at);
    for (const share of [0, 0.5, 0.99, 0.9999]) {
      const exact = micros[Math.floor(1000 * share)] ?? NaN;
      const told = percentileOf([latenciesOf(micros.slice(0, 300)), latenciesOf(micros.slice(300))], share);
      assert(Math.abs(told / exact - 1) < 0.006, `${told} instead of ${exact}`);
    }
    assertEquals(percentileOf([], 0.99), 0);
  });

  it("fails where an answer is wrong, and where the client does not keep up", async () => {
    const wrong = openLoop(async () => 99, { expected: 100, arrivals }, 100);
    await assertRejects(() => wrong, Error, "99 bytes came instead of 100");
    const never = openLoop(() => new Promise<number>(() => {}), { expected: 100, arrivals: 1e6 }, 1000);
    await assertRejects(() => never, Error, "does not keep up");
  });
});

describe("the time that a round takes", () => {
  it("has the longer warm-up of open loops in the first one, and the rehearsals and short rounds of those", () => {
    const effort = { rounds: 5, runMs: 500, warmMs: 900 };
    const seconds = (name: string, round: number): number => {
      const scenario = SCENARIOS.find((one) => one.name === name);
      return scenario === undefined ? 0 : secondsOfRound(scenario, effort, round);
    };
    assert(seconds("open-20", 1) > seconds("small", 1) + 3);
    assert(seconds("open-80", 2) < seconds("open-20", 2) && seconds("open-20", 2) < seconds("small", 2));
    const numbers = [{ share: 0.2 }, {}].map((one) => [roundsOf(one, effort), allRoundsOf(one, effort)]);
    assertEquals(numbers, [
      [20, 23],
      [5, 5],
    ]);
  });
});

describe("the goals of the speed bench", () => {
  it("compare our rates with others", () => {
    const of = (rate: number): GoalRow | undefined =>
      goalOf([part({ "holdfast fetch": round(rate), "built-in fetch": round(100) })], "holdfast fetch");
    assertEquals([of(900)?.verdict?.value, of(900)?.verdict?.met], ["9.00 ×", true]);
    assertEquals(of(899)?.verdict?.met, false);
    assertEquals([of(899.6)?.verdict?.value, of(899.6)?.verdict?.met], ["9.00 ×", true]);
  });

  it("depend on the processor beside a raw socket", () => {
    const of = (processor: string): GoalRow | undefined =>
      goalOf(
        [
          part(
            { "holdfast request": round(78), "raw socket": round(100) },
            { measured: { ...MEASURED, processor } },
          ),
        ],
        "holdfast request beside raw socket",
      );
    const rows = ["Intel(R) Xeon(R) Processor", "AMD EPYC", "another"].map(of);
    assertEquals(
      rows.map((row) => [row?.goal, row?.verdict?.met]),
      [
        ["≥ 0.77 ×", true],
        ["≥ 0.8 ×", false],
        ["≥ 0.77 ×", true],
      ],
    );
  });

  it("compare two ratios by CPU time, because the origin may bound one of the rates", () => {
    const met = (fetchBusy: number, overHttp1 = 0.6): boolean | undefined => {
      const rounds = {
        "holdfast request": round(100, 0.5),
        "holdfast fetch": round(100, fetchBusy),
        "holdfast HTTP/1.1": round(100, 0.5),
        "holdfast fetch HTTP/1.1": round(100, overHttp1),
      };
      return goalOf([part(rounds, { section: "h2-nginx" })], "holdfast fetch beside holdfast request")
        ?.verdict?.met;
    };
    assertEquals([met(0.7), met(0.72)], [true, false]);
    // fetch() cannot be faster than request(): a ratio above 1 over HTTP/1.1 counts as 1.
    assertEquals([met(0.58, 0.4), met(0.6, 0.4)], [true, false]);
  });

  it("take the peer that is best at what counts, and none that is ours or a raw socket", () => {
    const slow = { ...round(50), p99Micros: 90 };
    const rounds = {
      "holdfast request": { ...round(50), p99Micros: 100 },
      "holdfast fetch": { ...round(50), p99Micros: 1 },
      "undici request": { ...round(51), p99Micros: 120 },
      "node:http": slow,
    };
    const parts = [part(rounds, { section: "open-50" }), part(rounds, { section: "upload" })];
    assertEquals(goalOf(parts, "p99")?.verdict, { value: "100 µs, 1.11 ×", met: false });
    const upload = goalRows(GOALS, parts).find(({ section }) => section === "upload");
    assertEquals(upload?.verdict?.value, "0.98 ×");
  });

  it("compare a p99 round by round beside that of all rounds together, where the rounds are told", () => {
    const rows = Object.entries({
      "holdfast request": [8, 5, 5, 5, 5, 5, 5],
      "node:http": [4, 10, 10, 10, 10, 10, 10],
    });
    const told = rows.map(([kind, p99Rounds]) => {
      const summary = summarize(series(kind, { ...round(1), p99Micros: p99Rounds[0] ?? NaN }));
      return summary === undefined ? { kind } : { kind, summary: { ...summary, p99Rounds } };
    });
    assertEquals(goalOf([part({}, { section: "open-20", rows: told })], "p99")?.verdict, {
      value: "8 µs, 2.00 ×; round by round 0.50 × (0.50 to 2.00)",
      met: false,
    });
  });

  it("say that a figure is missing only where its section was run", () => {
    const rows = goalRows(GOALS, [part({ "holdfast request": round(100) })]);
    assertEquals([...new Set(rows.map(({ section, runtime: on }) => `${section} ${on}`))], ["small Node 24"]);
    assert(rows.every(({ verdict }) => verdict === undefined));
    assertStringIncludes(reportOf([part({ "holdfast request": round(100) })]), "not measured");
  });

  it("count what the bench of Workers prints", () => {
    const output =
      "GET     12/s  3 us\n/pool / /object: 0.94 by rate, 1.02 by processor time (goal: 1.0)\n/bare / /object: 2.00 by rate, 2.00 by processor time, sockets alone\n";
    const workers = readWorkers(output);
    const parts = [{ section: "workers", runtime: "", measured: MEASURED, workers }];
    assertEquals(goalOf(parts, "/pool / /object")?.verdict, { value: "0.94 ×", byCpu: "1.02 ×", met: false });
    assertEquals([workers.lines.length, workers.ratios.length], [3, 1]);
    assertStringIncludes(reportOf(parts), "/bare / /object: 2.00 by rate");
  });

  it("name sections that exist", () => {
    assertEquals(
      GOALS.map(({ section }) => section).filter((section) => !NAMES.includes(section)),
      [],
    );
    assertEquals(
      Object.values(GROUPS)
        .flat()
        .filter((name) => !NAMES.includes(name)),
      [],
    );
  });
});

describe("the results of the speed bench", () => {
  const old = part({ ky: round(1) });
  const others = [part({ ky: round(2) }, { runtime: "Bun" }), part({ ky: round(3) }, { section: "one" })];

  it("are joined by those of another run, each section and runtime by itself", () => {
    const later = { ...MEASURED, date: "2026-12-01" };
    const again = part({ ky: round(9) }, { measured: later });
    const all = merged([old, ...others], [again]);
    assertEquals(all, [...others, again]);
    const report = reportOf(all);
    assertStringIncludes(report, "Node 24: measured 2026-12-01 on AMD EPYC, 5 rounds of 0.6 s.");
    assertStringIncludes(report, "Bun: measured 2026-11-27 on AMD EPYC, 5 rounds of 0.6 s.");
  });

  it("are kept in a file, with what a server does not count", () => {
    const file = join(mkdtempSync(join(tmpdir(), "holdfast-results-")), "results.json");
    assertEquals(readParts(file), []);
    const uncounted = part({ ky: { ...round(1), resumed: NaN } });
    writeParts(file, [uncounted]);
    assertEquals(readParts(file), [uncounted]);
    rmSync(dirname(file), { recursive: true });
  });
});

describe("the command line of the speed bench", () => {
  const read = (line: string) => readArguments(line.split(" ").filter(Boolean), ["Node 24", "Deno", "Bun"]);

  it("takes everything, in five rounds, and groups in the order in which they run", () => {
    const { sections, effort } = read("");
    assertEquals([sections.length > 20, effort.rounds], [true, 5]);
    assertEquals(read("--only costs,open-loop,tls").sections, [
      "tls",
      "open-20",
      "open-50",
      "open-80",
      "core",
      "idle",
      "startup",
      "size",
    ]);
    assertEquals(read("--help").help, true);
  });

  it("says what is wrong, and names the nearest right word", () => {
    const cases = [
      ["--onyl small", 'There is no option "--onyl". Did you mean "--only"?'],
      ["--only smal", 'There is no section "smal". Did you mean "small"?'],
      ["--only openloop", 'Did you mean "open-loop"?'],
      [
        "--runtime Demo",
        'There is no runtime "Demo". Did you mean "Deno"? The runtimes are: Node 24, Deno, Bun.',
      ],
      ["--rounds 0", '--rounds is a number above 0, not "0"'],
      ["--rounds 1.5", "--rounds is a whole number, not 1.5"],
      ["--seconds x", '--seconds is a number above 0, not "x"'],
      ["--only", "argument missing"],
    ] as const;
    for (const [line, says] of cases)
      assertStringIncludes(assertThrows(() => read(line), UsageError).message, says);
  });

  it("tells how long it still takes, by how long it took until now", () => {
    let now = 0;
    const progress = new Progress(600, () => now);
    assertEquals(progress.left, 600);
    now = 120_000;
    progress.done(60);
    assertEquals(progress.left, 1080);
    assertEquals(progress.line("tls"), "tls (2 min, about 18 min left)");
    progress.done(540);
    assertEquals(progress.line("tls"), "tls (2 min, nothing left)");
  });
});
