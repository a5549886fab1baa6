import { describe, it } from "node:test";
import { assert, assertEquals, assertMatch, assertStringIncludes, assertThrows } from "@std/assert";
import { readArguments } from "../../bench/main-job/arguments.ts";
import { observations } from "../../bench/main-job/observation.ts";
import { progressLine } from "../../bench/main-job/progress.ts";
import { wrapped } from "../../bench/main-job/report.ts";
import { type Figures, type OriginResult, reusePercent } from "../../bench/main-job/result.ts";
import { fittingPauses, planBursts, split, timesFor } from "../../bench/main-job/schedule.ts";
import { type Answer, causeOf, faultOf } from "../../bench/main-job/send.ts";
import { table } from "../../bench/main-job/table.ts";
import { percentile } from "../../bench/main-job/tally.ts";
import { causesText, holdfastIsFine, originVerdict, overallVerdict } from "../../bench/main-job/verdict.ts";
import type { PoolView } from "../../bench/main-job/watch.ts";
import { UsageError } from "../../scripts/usage-error.ts";

const view: PoolView = {
  opened: 2,
  retries: 0,
  retired: {},
  serverClosedAfterMs: [],
  serverEndedAfterRequests: [],
  learnedIdleMs: undefined,
  notUnderstood: [],
};

function figures(part: Partial<Figures> = {}): Figures {
  return {
    requests: 10,
    failures: 0,
    wrongAnswers: 0,
    causes: {},
    statuses: { 200: 10 },
    announcements: [],
    p50: 1,
    p99: 2,
    connections: 2,
    reusePercent: 80,
    duplicatedPosts: 0,
    repeatedOthers: 0,
    pool: undefined,
    ...part,
  };
}

function origin(holdfast: Partial<Figures>, builtin: Partial<Figures>): OriginResult {
  const clients = { holdfast: figures({ pool: view, ...holdfast }), builtin: figures(builtin) };
  return { name: "o", about: "", origin: "http://o", clients };
}

const CLOSED = { "UND_ERR_SOCKET: other side closed": 3 };

describe("percentile", () => {
  const cases: [name: string, sorted: number[], percent: number, expected: number][] = [
    ["is NaN without values", [], 50, NaN],
    ["is the only value", [7], 99, 7],
    ["is the lower middle of two at 50", [1, 2], 50, 1],
    ["is the largest of a few at 99", [1, 2, 3], 99, 3],
    ["is the 99th of a hundred at 99", Array.from({ length: 100 }, (_, at) => at + 1), 99, 99],
    ["is the smallest at 0", [4, 5], 0, 4],
  ];
  for (const [name, sorted, percent, expected] of cases) {
    it(name, () => assertEquals(percentile(sorted, percent), expected));
  }
});

describe("reuse", () => {
  it("is the share of requests that needed no connection of their own", () => {
    assertEquals([reusePercent(10, 1), reusePercent(10, 10), reusePercent(10, 12)], [90, 0, 0]);
  });
  it("is unknown without a connection, a count or a request", () => {
    assertEquals(
      [reusePercent(5, 0), reusePercent(5, undefined), reusePercent(0, 2)],
      [undefined, undefined, undefined],
    );
  });
});

describe("a verdict", () => {
  const clean = "Holdfast sent 10 requests over 2 connections without a failure";
  const cases: [name: string, result: OriginResult, expected: string][] = [
    [
      "says that both did well",
      origin({}, { connections: 1 }),
      `${clean}; the built-in fetch sent 10 requests over 1 connection without a failure.`,
    ],
    [
      "says why one failed",
      origin({ pool: { ...view, retries: 4 } }, { failures: 3, causes: CLOSED }),
      `${clean} and sent 4 of them again because the connection turned out closed; the built-in fetch sent 10 ` +
        "requests over 2 connections and failed 3 times because the server closed the connection " +
        "(UND_ERR_SOCKET: other side closed).",
    ],
    [
      "does not hide Holdfast's own failures",
      origin(
        { failures: 1, wrongAnswers: 1, causes: { "wrong answer: status 500": 1 } },
        { duplicatedPosts: 2 },
      ),
      "Holdfast sent 10 requests over 2 connections and failed once because wrong answer: status 500 and passed on " +
        "1 wrong answer; the built-in fetch sent 10 requests over 2 connections without a failure and made the " +
        "server execute 2 POSTs twice.",
    ],
    [
      "leaves out connections that nobody counted",
      origin({}, { connections: undefined, duplicatedPosts: undefined }),
      `${clean}; the built-in fetch sent 10 requests without a failure.`,
    ],
    ["says when nothing was sent", origin({ requests: 0 }, {}), "Nothing was sent."],
  ];
  for (const [name, result, expected] of cases) it(name, () => assertEquals(originVerdict(result), expected));

  it("lists several causes by frequency", () => {
    assertEquals(causesText({ a: 1, b: 5 }), "b ×5, a ×1");
    assertEquals(causesText({ a: 1, b: 2, c: 3, d: 4 }), "d ×4, c ×3, b ×2 and others");
    assertEquals(
      causesText({ EPIPE: 1, ECONNRESET: 1 }),
      "the server closed the connection (EPIPE ×1, ECONNRESET ×1)",
    );
  });

  it("on all origins adds up, and says which client did better and which was faster", () => {
    const verdict = (...origins: OriginResult[]): string => overallVerdict({ origins });
    assertStringIncludes(
      verdict(origin({}, {}), origin({}, {})),
      "Holdfast sent 20 requests over 4 connections",
    );
    assertStringIncludes(verdict(origin({}, {})), "Neither was safer than the other here.");
    assertStringIncludes(
      verdict(origin({ failures: 1, causes: { x: 1 } }, {})),
      "The built-in fetch did better here.",
    );
    assertStringIncludes(verdict(origin({}, { requests: 9 })), "They did not send equally many");
    assertStringIncludes(
      verdict(origin({ p50: 1 }, { p50: 2 }), origin({ p50: 2 }, { p50: 1.9 })),
      "By the median time Holdfast was faster at 1 of 2 origins, the built-in fetch at 0.",
    );
    assertEquals(verdict(), "Nothing was sent, so nothing was shown.");
  });

  it("is fine only if Holdfast had no failure and duplicated nothing", () => {
    const fine = (holdfast: Partial<Figures>, builtin: Partial<Figures> = {}): boolean =>
      holdfastIsFine({ origins: [origin(holdfast, builtin)] });
    assertEquals([fine({}), fine({}, { failures: 9 }), fine({ failures: 1 })], [true, true, false]);
    assertEquals([fine({ duplicatedPosts: 1 }), holdfastIsFine({ origins: [] })], [false, false]);
  });
});

describe("an observation of the user's own server", () => {
  const observed = (part: Partial<PoolView>, more: Partial<Figures> = {}): string =>
    observations(figures({ ...more, pool: { ...view, ...part } }), 6000).join(" ");

  it("says what it announces, or that it announces nothing", () => {
    assertStringIncludes(
      observed({}, { announcements: ["timeout=5", "timeout=4"] }),
      "“timeout=5”, “timeout=4”",
    );
    assertStringIncludes(observed({}), "It announces no keep-alive limits.");
    assertStringIncludes(
      observed({ notUnderstood: ["x"] }, { announcements: ["timeout=x"] }),
      "not understood",
    );
  });

  it("says when it closed, or that it did not", () => {
    assertStringIncludes(
      observed({ serverClosedAfterMs: [5001, 5130] }),
      "closed 2 idle connections without a word, after 5 to 5.1 s",
    );
    assertStringIncludes(
      observed({}),
      "It closed no idle connection by itself; the longest pause was 6.0 s.",
    );
    assert(!observed({ retired: { "hint-timeout": 1 } }).includes("longest pause"));
    assert(!observed({ retired: { "not-persistent": 2 } }).includes("longest pause"));
    assertStringIncludes(
      observed({ serverEndedAfterRequests: [100, 100] }),
      "Connection: close, after 100 requests",
    );
    assertStringIncludes(observed({ learnedIdleMs: 4500 }), "learned to keep idle connections for 4.5 s");
  });

  it("says that it gave no answer, and nothing else", () => {
    assertEquals(observed({ retired: { "connect-failed": 1 } }, { statuses: {} }), "It gave no answer.");
  });
});

describe("an answer", () => {
  const request = {
    sequence: 0,
    method: "POST",
    path: "/bytes/64",
    responseBytes: 64,
    requestBytes: 5,
  } as const;
  const right: Answer = {
    status: 200,
    id: "h01-1",
    received: "5",
    keepAlive: undefined,
    body: "h01-1..",
    length: 64,
  };
  const cases: [part: Partial<Answer>, cause: string][] = [
    [{ status: 503 }, "status 503"],
    [{ id: "h01-2" }, "the header names another request"],
    [{ body: "h01-2.." }, "the body names another request"],
    [{ length: 63 }, "a body of 63 instead of 64 bytes"],
    [{ received: "4" }, "the server received 4 of 5 bytes"],
  ];
  it("has no fault if it is right, or if the server is not ours", () => {
    assertEquals(faultOf({ id: "h01-1", request }, right), undefined);
    assertEquals(faultOf({ id: undefined, request }, { ...right, status: 404 }), undefined);
  });
  for (const [part, cause] of cases) {
    it(`is wrong: ${cause}`, () => {
      assertEquals(faultOf({ id: "h01-1", request }, { ...right, ...part }), { kind: "wrong answer", cause });
    });
  }

  it("names the innermost error as the cause of a failure, without addresses", () => {
    const inner = Object.assign(new Error("other side closed"), { code: "UND_ERR_SOCKET" });
    assertEquals(
      causeOf(new TypeError("fetch failed", { cause: inner })),
      "UND_ERR_SOCKET: other side closed",
    );
    const deno =
      "error sending request from 127.0.0.1:1 for http://127.0.0.1:2/x (127.0.0.1:2): client error (SendRequest)";
    assertEquals(causeOf(new TypeError(deno)), "client error (SendRequest)");
    assertEquals(causeOf("odd"), "odd");
  });
});

describe("the schedule", () => {
  const plan = { requests: 100, pauses: [{ ms: 10 }, { ms: 20 }], responseSizes: [64], seed: 1 };

  it("is the same for the same seed, and has every request once, in order", () => {
    const bursts = planBursts(plan);
    assertEquals(bursts, planBursts(plan));
    assertEquals(
      bursts.flatMap(({ requests }) => requests.map(({ sequence }) => sequence)),
      Array.from({ length: 100 }, (_, at) => at),
    );
  });

  it("mixes GET and POST, and has every pause", () => {
    const bursts = planBursts(plan);
    const methods = new Set(bursts.flatMap(({ requests }) => requests.map(({ method }) => method)));
    assertEquals([...methods].sort(), ["GET", "POST"]);
    assertEquals(bursts.filter(({ pause }) => pause.ms === 10 || pause.ms === 20).length, 2);
  });

  it("works with fewer requests than pauses", () => {
    assertEquals(planBursts({ ...plan, requests: 1 }).length, 1);
    assertEquals(planBursts({ ...plan, requests: 0 }).length, 0);
  });

  it("takes the pauses that fit, in turn", () => {
    assertEquals(
      fittingPauses([{ ms: 100 }, { ms: 300 }], 1000).map(({ ms }) => ms),
      [100, 300, 100, 300],
    );
    assertEquals(
      fittingPauses([{ ms: 100 }, { ms: 5000 }], 500).map(({ ms }) => ms),
      [100, 100, 100, 100],
    );
    assertEquals(fittingPauses([], 1000), []);
  });

  it("stays above the 2 s of Holdfast's default for POST where there is time, and is short where there is none", () => {
    assert(timesFor(12_500).idleLimitMs > 2000);
    assert(timesFor(1000).idleLimitMs <= 200);
  });

  it("splits evenly", () =>
    assertEquals(split([1, 2, 3, 4, 5], 2), [
      [1, 2, 3],
      [4, 5],
    ]));
});

describe("the command line", () => {
  it("has defaults, and others for the user's own servers", () => {
    const { urls, requests, seconds, method } = readArguments([]);
    assertEquals([urls, requests, seconds, method], [[], 4000, 25, "GET"]);
    assertEquals(readArguments(["http://a/x", "http://a/y", "https://b/"]).requests, 80);
  });

  const mistakes: [argv: string[], message: string][] = [
    [["--bogus"], "--bogus"],
    [["--requests", "x"], '--requests must be a whole number from 1 to 1000000, got "x"'],
    [["--requests", "1.5"], "--requests"],
    [["--requests", "501", "http://a/"], "from 1 to 500"],
    [["--seconds", "0"], '--seconds must be a number from 1 to 3600, got "0"'],
    [["--method", "HEAD"], "--method is for URLs"],
    [["--method", "POST", "http://a/"], "--method must be GET or HEAD"],
    [["ftp://a/"], 'A URL must start with http:// or https://, got "ftp://a/"'],
    [["http://user:secret@a/"], "must not contain a user or password"],
    [Array.from({ length: 11 }, (_, at) => `http://a${at}/`), "At most 10 URLs"],
  ];
  for (const [argv, message] of mistakes) {
    it(`refuses ${argv.slice(0, 2).join(" ")}`, () => {
      const error = assertThrows(() => readArguments(argv), UsageError, message);
      assert(!error.message.includes("secret"));
    });
  }
});

describe("the output", () => {
  it("wraps at words and indents the following lines", () =>
    assertEquals(wrapped("aa bb cc", 5), ["aa bb", "  cc"]));

  it("has two lines per origin, with a question mark for what is unknown", () => {
    const lines = table(
      [origin({ pool: { ...view, retired: { "peer-closed": 2 } } }, { connections: undefined })],
      120,
    )
      .split("\n")
      .map((line) => line.trimEnd());
    assertMatch(lines[0] ?? "", /^Origin +Client +Sent +Conns/);
    assertMatch(lines[1] ?? "", /^o +Holdfast +10 +2 +80\.0% +0 +0 +0 +0 +1\.0 +2\.0 +peer-closed 2$/);
    assertMatch(lines[2] ?? "", /^ +built-in +10 +\? /);
  });

  it("shows progress in one line", () => {
    assertEquals(
      progressLine("Holdfast", 200, { done: 100, failed: 1, elapsedMs: 2400 }),
      "Holdfast        ████████████░░░░░░░░░░░░ 100/200 requests, 2 s, 1 failed",
    );
  });
});
