/**
 * Serve: the origins' process. It starts every habit, answers the questions on its standard input, and ends with that
 * input, however the main job ends.
 */

import { createInterface } from "node:readline";
import { habits } from "./habits.ts";
import type { Origin } from "./origin.ts";
import type { Ask, Launch, Ready, Report } from "./protocol.ts";

const origins = new Map<string, Origin>();
const notes: string[] = [];

// Ctrl-C and a hang-up reach every process of the terminal. The main job may still ask for the results. If it is
// gone, our standard input has ended.
for (const name of ["SIGINT", "SIGTERM", "SIGHUP"] as const) process.on(name, () => {});

await startAll(JSON.parse(process.argv[2] ?? "{}"));
say(ready());
const lines = createInterface({ input: process.stdin });
// One question at a time, so that the answers keep their order.
let turn = Promise.resolve();
lines.on("line", (line) => {
  turn = turn.then(async () => say(await answer(JSON.parse(line))));
});
lines.on("close", () => {
  void end().finally(() => process.exit(0));
});

async function startAll(times: Launch): Promise<void> {
  for (const habit of habits) {
    try {
      const origin = await habit.start(times);
      if (origin === undefined) notes.push(`${habit.name} is not installed: it does not take part.`);
      else origins.set(habit.name, origin);
    } catch (error) {
      notes.push(`${habit.name} did not start: ${error instanceof Error ? error.message : error}.`);
    }
  }
}

function ready(): Ready {
  const entries = [...origins];
  return {
    ports: Object.fromEntries(entries.map(([name, { port }]) => [name, port])),
    notes,
    pids: entries.flatMap(([, { pid }]) => (pid === undefined ? [] : [pid])),
  };
}

async function answer(question: Ask): Promise<Report | object> {
  if (question.ask === "turn-to") {
    for (const origin of origins.values()) origin.turnTo(question.client);
    return {};
  }
  const seen = [...origins].map(
    async ([name, origin]) => [name, await origin.seen(question.client)] as const,
  );
  return Object.fromEntries(await Promise.all(seen));
}

function say(value: Ready | Report | object): void {
  process.stdout.write(`${JSON.stringify(value)}\n`);
}

async function end(): Promise<void> {
  await Promise.all([...origins.values()].map((origin) => origin.close()));
}
