/** The simulation, for as long as you like: `node --import tsx tests/simulation/main.ts --help`. */

import { understood } from "../../scripts/command-line.ts";
import { type Arguments, HELP, readArguments } from "./arguments.ts";
import { LANDED } from "./dimensions.ts";
import { Fleet } from "./fleet.ts";
import { NeighboursWorld } from "./neighbours.ts";
import { PairWorld } from "./pair.ts";
import { report, tellBlind } from "./report.ts";
import { planFor } from "./run.ts";
import { World } from "./world.ts";

process.exitCode = await main(process.argv.slice(2));

async function main(argv: readonly string[]): Promise<number> {
  const given = understood(() => readArguments(argv), "tests/simulation/main.ts --help says more.");
  if (given === undefined) return 2;
  if (given.help) {
    console.log(HELP);
    return 0;
  }
  return given.replay === undefined ? await runFleet(given) : await replay(given, given.replay);
}

/** With what happens in it as text. */
function worldOf(given: Arguments, seed: number): World | PairWorld | NeighboursWorld {
  if (given.beside === "pair") return new PairWorld(seed, given.requests, true);
  if (given.beside === "neighbours") return new NeighboursWorld(seed, given.requests, true);
  return new World(planFor(given, seed), true);
}

async function replay(given: Arguments, seed: number): Promise<number> {
  const world = worldOf(given, seed);
  let fault: unknown;
  try {
    await world.run();
  } catch (error) {
    fault = error;
  }
  console.log(JSON.stringify(world.plan, (_, value) => (value === Infinity ? "Infinity" : value), 2));
  console.log(world.trace.lines.slice(-given.tail).join("\n"));
  console.log(`${fault === undefined ? "sound" : String(fault)}\nhash ${world.trace.hash}`);
  return fault === undefined ? 0 : 1;
}

async function runFleet(given: Arguments): Promise<number> {
  const fleet = new Fleet(given);
  const ticker = setInterval(() => tellProgress(fleet), 15_000);
  process.once("SIGINT", () => {
    fleet.stop();
    console.log("interrupted");
  });
  await fleet.run();
  clearInterval(ticker);
  const { figures, failures, seconds } = fleet;
  console.log(report(figures, seconds));
  console.log(
    failures.length === 0 ? "No invariant was broken." : `${failures.length} seeds broke an invariant.`,
  );
  const blind = seesAll(given) ? tellBlind(figures.cases, figures.requests, given.silence ?? "worlds") : [];
  return failures.length + blind.length === 0 ? 0 : 1;
}

/** Without some dimensions, or with requests that are far apart, some judges have nothing to decide. */
function seesAll({ kinds, days }: Arguments): boolean {
  return days === undefined && LANDED.every((kind) => kinds.includes(kind));
}

function tellProgress({ figures, seed, seconds, secondsLeft, failures }: Fleet): void {
  const rate = Math.round(figures.requests / seconds);
  const eta = secondsLeft === Infinity ? "" : `, ${(secondsLeft / 60).toFixed(1)} min left`;
  const broken = failures.length === 0 ? "" : `, ${failures.length} broke an invariant`;
  console.log(
    `${figures.worlds} worlds to seed ${seed}, ${figures.requests} requests, ${rate}/s${eta}${broken}`,
  );
}
