/** Parts: what a campaign consists of, how each part is run for a time, and how its output is read. */

import { nodeWithTsx } from "../test/tools.ts";

/** What a part did, by unit: `{ requests: 500, seeds: 1 }`. */
export type Work = Readonly<Record<string, number>>;

/** What the output of one run says. */
export interface Reading {
  readonly work: Work;
  readonly failures: number;
  /** Commands that show each failure again, as far as the output names them. */
  readonly replay: readonly string[];
}

export interface Turn {
  readonly seconds: number;
  readonly seed: number;
}

export interface Part {
  readonly name: string;
  readonly title: string;
  /** Its share of the time, in proportion to the weights of the others. */
  readonly weight: number;
  command(turn: Turn): readonly string[];
  /** It has no option for its duration, so it runs again, from the next seed, until its time is up. */
  readonly rounds?: boolean;
  read(lines: readonly string[]): Reading;
  /** The work of all its runs, in words. */
  sum(works: readonly Work[]): string;
}

/** Requests of one round of the torture, for each of our clients. */
const TORTURE = 3000;
const OURS = "holdfast-request,holdfast-fetch";

/** All parts. A new part is a new row. */
export const PARTS: readonly Part[] = [
  part({
    name: "simulation",
    title: "pools, servers and users in virtual time",
    weight: 30,
    command: ({ seconds, seed }) => run("tests/simulation/main.ts", "--seconds", seconds, "--from", seed),
    work: { requests: /(\d+) requests,/, seeds: /(\d+) (?:seeds|worlds)/ },
    failures: /replay: /,
    replay: /replay: (.*)/,
  }),
  part({
    name: "streams",
    title: "pools and HTTP/2 servers in virtual time",
    weight: 12,
    command: ({ seconds, seed }) => {
      const some = ["--requests", 2000, "--from", seed, "--keepGoing"] as const;
      return run("tests/simulation/http2/main.ts", "--seconds", seconds, ...some);
    },
    work: { requests: /^(\d+) requests,/, worlds: /(\d+) worlds/ },
    failures: /replay: /,
    replay: /replay: (.*)/,
  }),
  part({
    name: "core",
    title: "random lives of the pool's core",
    weight: 8,
    command: ({ seconds, seed }) => run("tests/pool/core/simulate.ts", "--seconds", seconds, "--from", seed),
    work: { steps: /(\d+) steps/, seeds: /(\d+) seeds/ },
    failures: /^Again: /,
    replay: /^Again: \S+ --import tsx \S+ (.*)/,
  }),
  part({
    name: "saboteur",
    title: "every scenario with each of its operations gone wrong",
    weight: 2,
    command: () => [...nodeWithTsx, "--test", "--test-reporter=tap", "tests/simulation/nth.test.ts"],
    // Each test is a scenario, and its output says what went wrong.
    work: { scenarios: /^# tests (\d+)/ },
    failures: /^not ok /,
  }),
  part({
    name: "fuzz",
    title: "damaged responses: read the same however they are cut, and within the limits",
    weight: 12,
    command: ({ seconds, seed }) => run("tests/fuzz/main.ts", "--seconds", seconds, "--seed", seed),
    work: { cases: /(\d+) inputs/ },
    failures: /^Found, and kept in |^An input of the corpus fails/,
  }),
  part({
    name: "frames",
    title: "damaged HTTP/2 servers: everyone is told the same however the bytes are cut",
    weight: 8,
    command: ({ seconds, seed }) => run("tests/fuzz/frames/main.ts", "--seconds", seconds, "--seed", seed),
    work: { cases: /(\d+) inputs/ },
    failures: /^Found: /,
  }),
  part({
    name: "windows",
    title: "lives of HTTP/2 connections: no more is sent than was allowed, and all of it arrives",
    weight: 6,
    command: ({ seconds, seed }) => run("tests/fuzz/windows/main.ts", "--seconds", seconds, "--from", seed),
    work: { lives: /(\d+) lives/ },
    failures: /replay: /,
    replay: /replay: (.*)/,
  }),
  part({
    name: "differential",
    title: "the parser beside Node's own",
    weight: 8,
    command: ({ seconds, seed }) => run("tests/fuzz/differential.ts", "--seconds", seconds, "--from", seed),
    work: { cases: /(\d+) cases/ },
    failures: /replay: /,
    replay: /replay: (.*)/,
  }),
  part({
    name: "mutations",
    title: "the library broken on purpose, which a proof must notice",
    weight: 20,
    command: ({ seconds, seed }) => run("tests/mutations/main.ts", "--seconds", seconds, "--from", seed),
    work: { mutations: /^(?:caught|SURVIVED) / },
    failures: /^SURVIVED /,
    replay: /^SURVIVED +[\d.]+ s +(.*)/,
    replayed: (sentence) => ["--only", JSON.stringify(sentence)],
  }),
  part({
    name: "torture",
    title: "real servers that close at the worst moments",
    weight: 10,
    rounds: true,
    command: ({ seed }) =>
      run("bench/torture/main.ts", "--requests", TORTURE, "--client", OURS, "--seed", seed),
    // Its table has a line for each client.
    work: { [`times ${TORTURE} requests`]: new RegExp(`│ +${TORTURE} +│`) },
    failures: /NOT all zero/,
  }),
  part({
    name: "goaway",
    title: "HTTP/2 servers that end connections in mid-flight",
    weight: 8,
    rounds: true,
    // Origins that need no compiler. The seed says how many requests run at a time.
    command: ({ seed }) => {
      const some = ["--requests", TORTURE, "--together", 20 + (seed % 280)] as const;
      return run("bench/goaway/main.ts", ...some, "--client", OURS, "--origin", "nginx,nginx-7,node,hono");
    },
    work: { [`times ${TORTURE} requests`]: /^│ Holdfast / },
    failures: /NOT flawless/,
  }),
  part({
    name: "soak",
    title: "careless users of one pool for a long time: memory and sockets stay flat",
    weight: 10,
    command: ({ seconds, seed }) =>
      run("bench/soak/main.ts", "--minutes", seconds / 60, "--rounds", seconds < 60 ? 2 : 16, "--seed", seed),
    work: { requests: / quiet: (\d+) requests/ },
    failures: /^NOT OK /,
  }),
];

function run(script: string, ...args: readonly (string | number)[]): readonly string[] {
  return [...nodeWithTsx, script, ...args.map(String)];
}

interface Description extends Pick<Part, "name" | "title" | "weight" | "command"> {
  readonly rounds?: boolean;
  /** By unit: a pattern for its number, of which the last match counts. Without a number, each matching line is one. */
  readonly work: Readonly<Record<string, RegExp>>;
  /** Each line is a failure. */
  readonly failures: RegExp;
  /** The arguments in such a line show the failure again when they are given to the part's script. */
  readonly replay?: RegExp;
  readonly replayed?: (found: string) => readonly string[];
}

function part({ work, failures, replay, replayed = (found) => [found], ...rest }: Description): Part {
  const again = (found: string): string => {
    const [script = ""] = rest.command({ seconds: 1, seed: 1 }).slice(nodeWithTsx.length);
    return commandLine(run(script, ...replayed(found)));
  };
  return {
    ...rest,
    read: (lines) => ({
      work: Object.fromEntries(Object.entries(work).map(([unit, what]) => [unit, amount(lines, what)])),
      // It is printed when it is found, and once more at the end.
      failures: new Set(lines.filter((line) => failures.test(line))).size,
      replay: replay === undefined ? [] : [...new Set(captures(lines, replay))].map(again),
    }),
    sum: (works) =>
      Object.keys(work)
        .map((unit) => `${total(works, unit)} ${unit}`)
        .join(", "),
  };
}

/** As it is typed in a shell. */
export function commandLine([program = "", ...args]: readonly string[]): string {
  return [program === process.execPath ? "node" : program, ...args].join(" ");
}

function captures(lines: readonly string[], what: RegExp): string[] {
  return lines.flatMap((line) => what.exec(line)?.[1] ?? []);
}

function amount(lines: readonly string[], what: RegExp): number {
  const found = lines.filter((line) => what.test(line));
  const last = captures(found, what).at(-1);
  return last === undefined ? found.length : Number(last);
}

function total(works: readonly Work[], unit: string): string {
  return works.reduce((sum, work) => sum + (work[unit] ?? 0), 0).toLocaleString("en");
}

/** Shares out a number of seconds among the parts by their weights. */
export function shares(parts: readonly Part[], seconds: number): (name: string) => number {
  const all = parts.reduce((sum, { weight }) => sum + weight, 0);
  return (name) => (seconds * (parts.find((part) => part.name === name)?.weight ?? 0)) / all;
}
