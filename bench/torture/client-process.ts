/** Client process: sends the whole schedule through one client, and reports how each request ended. */

import process from "node:process";
import { type Client, type ClientName, makeClient } from "./clients.ts";
import { PROFILES } from "./faults.ts";
import { type ClientMessage, type Launch, OUTCOME, toBase64 } from "./protocol.ts";
import { type Planned, pathOf, plan, rightAnswer } from "./schedule.ts";

/** A response that takes longer than this will not come. */
const HANGS_AFTER_MS = 60_000;
/** The time between two checks of the lanes, and between two messages about progress. */
const CHECK_MS = 1000;
/** How many wrong responses are shown. */
const SAMPLES = 5;

const launch = JSON.parse(process.argv[2] ?? "{}") as Launch;
const outcomes = new Uint8Array(launch.requests);
const errors: Record<string, number> = {};
const samples: string[] = [];
const filler = new Uint8Array(400_000).fill(98);
let sent = 0;

/** Sends one request after the other to one profile. Several lanes share the profile's requests. */
class Lane {
  readonly #client: Client;
  readonly #indexes: Iterator<number>;
  #since = Infinity;
  #giveUp: (() => void) | undefined;

  constructor(client: Client, indexes: Iterator<number>) {
    this.#client = client;
    this.#indexes = indexes;
  }

  async run(): Promise<void> {
    for (let next = this.#indexes.next(); next.done !== true; next = this.#indexes.next()) {
      const planned = plan(launch.seed, next.value);
      this.#since = performance.now();
      outcomes[next.value] = await this.#outcome(next.value, planned);
      this.#since = Infinity;
      sent += 1;
      if (planned.pauseMs > 0) await new Promise((resolve) => setTimeout(resolve, planned.pauseMs));
    }
  }

  look(now: number): void {
    if (now - this.#since > HANGS_AFTER_MS) this.#giveUp?.();
  }

  #outcome(index: number, planned: Planned): Promise<number> {
    return new Promise((resolve, reject) => {
      this.#giveUp = () => resolve(OUTCOME.hung);
      this.#send(index, planned).then(resolve, reject);
    });
  }

  async #send(index: number, planned: Planned): Promise<number> {
    const { profile, method, bodyBytes, answerBytes } = planned;
    const url = `http://127.0.0.1:${launch.ports[profile]}${pathOf(launch.number, index, planned)}`;
    const body = bodyBytes === 0 ? undefined : filler.subarray(0, bodyBytes);
    try {
      const text = await this.#client.send({ url, method, body });
      if (text === rightAnswer(launch.number, index, bodyBytes, answerBytes)) return OUTCOME.right;
      if (samples.length < SAMPLES) samples.push(`#${index} ${planned.fault}: ${text.slice(0, 60)}`);
      return OUTCOME.wrong;
    } catch (error) {
      const code = codeOf(error);
      errors[code] = (errors[code] ?? 0) + 1;
      return OUTCOME.failed;
    }
  }
}

/** The numbers of the requests to one profile, in order. */
function* indexesOf(profile: number): Generator<number, undefined> {
  for (let index = 0; index < launch.requests; index++) {
    if (plan(launch.seed, index).profile === profile) yield index;
  }
}

function codeOf(error: unknown): string {
  const { code, cause, message } = error as { code?: string; cause?: { code?: string }; message?: string };
  return code ?? cause?.code ?? message?.replaceAll(/\d+/g, "N").slice(0, 60) ?? String(error);
}

function tell(message: ClientMessage): void {
  process.stdout.write(`${JSON.stringify(message)}\n`);
}

const client = await makeClient(launch.client as ClientName);
const lanes = PROFILES.flatMap(({ lanes: count }, profile) => {
  const indexes = indexesOf(profile);
  return Array.from({ length: count }, () => new Lane(client, indexes));
});
const startedAt = performance.now();
const watch = setInterval(() => {
  for (const lane of lanes) lane.look(performance.now());
  tell({ sent });
}, CHECK_MS);
await Promise.all(lanes.map((lane) => lane.run()));
clearInterval(watch);
const elapsedMs = performance.now() - startedAt;
const { close } = client;
await close?.();
tell({ outcomes: toBase64(outcomes), elapsedMs, errors, samples, closes: close !== undefined });
// Stays alive until the server has counted the sockets, because exiting would close them all.
process.stdin.on("end", () => process.exit(0)).resume();
