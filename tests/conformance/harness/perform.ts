/** Perform: runs the client's part of one scenario in this runtime. */

import { spawn } from "node:child_process";
import { createPool, type PoolOptions, systemClock } from "../../../mod.ts";
import type { Control } from "./control.ts";
import type { Act, Here, Scenario } from "./scenario.ts";
import { Recorder } from "./trace.ts";

/** The result of a scenario, as the client prints it. */
export interface Outcome {
  readonly name: string;
  readonly trace: readonly string[];
  /** Failures other than a different trace. */
  readonly error?: string | undefined;
  /** Why the scenario was skipped. */
  readonly skipped?: string | undefined;
  readonly ms: number;
}

/**
 * Options that depend on milliseconds are off, unless a scenario is about them: the learned limit, and how long an unsafe
 * request trusts a connection.
 */
export const TIMELESS = { learn: false, unsafeReuse: "1h" } as const;

/** A clock a thousand times slower, so that values derived from the round trip are the same on a busy machine. */
const slow = (ms: number): number => ms / 1000;
const CALM = {
  ...systemClock,
  now: () => slow(systemClock.now()),
  wall: () => slow(systemClock.wall()),
};

/** A scenario that takes longer counts as hanging. */
const PATIENCE_MS = 240_000;

/** A command that starts a script: program and arguments, to which those of the script are added. */
export type Command = readonly string[];

export async function perform(
  scenario: Scenario,
  control: Control,
  here: Here,
  child: Command,
): Promise<Outcome> {
  const { name } = scenario;
  const reason = scenario.needs?.(here);
  if (reason !== undefined) return { name, trace: [], skipped: reason, ms: 0 };
  const started = performance.now();
  const recorder = new Recorder(scenario.showsKeep === true);
  const { ports, unixPaths } = control.hello;
  const place = { port: ports[name]?.[0] ?? 0, unixPath: unixPaths[name] ?? "" };
  const options = typeof scenario.options === "function" ? scenario.options(place) : scenario.options;
  const clock = scenario.showsKeep === true || scenario.calm === true ? { clock: CALM } : {};
  const pool = createPool({
    ...TIMELESS,
    ...clock,
    ...optionsHere(options, here),
    onEvent: recorder.listener,
  });
  const act = actOf(scenario, { pool, recorder, control, here, child });
  const errors: string[] = [];
  const run = async (what: string, step: Promise<unknown>): Promise<void> => {
    const error = await failure(what, step);
    if (error !== undefined) errors.push(error);
  };
  await run("the scenario", scenario.client(act));
  recorder.stop();
  await run("close()", pool.close({ timeout: 0 }));
  const { open, listenerErrors } = leftOver(pool);
  if (open > 0) errors.push(`${open} connections were open after close()`);
  if (listenerErrors > 0) errors.push("the listener threw");
  errors.push(...(await control.end(name)).map((error) => `server: ${error}`));
  const ms = Math.round(performance.now() - started);
  return { name, trace: recorder.lines, error: errors.length > 0 ? errors.join("\n") : undefined, ms };
}

/** The options of a scenario with the transport of the place, whose own authorities include ours where it takes no others. */
function optionsHere(options: PoolOptions | undefined, { can, transport }: Here): PoolOptions | undefined {
  const given = transport === undefined ? options : { ...options, transport };
  if (can.ownTrust !== false || given?.tls === undefined || typeof given.tls === "function") return given;
  const { ca, ...tls } = given.tls;
  return { ...given, tls };
}

function leftOver(pool: Act["pool"]): { open: number; listenerErrors: number } {
  const { open, listenerErrors } = pool.stats();
  return { open, listenerErrors };
}

async function failure(what: string, step: Promise<unknown>): Promise<string | undefined> {
  let timer: ReturnType<typeof setTimeout> | undefined;
  const late = new Promise<string>((resolve) => {
    timer = setTimeout(() => resolve(`${what} was not over within ${PATIENCE_MS / 1000} s`), PATIENCE_MS);
  });
  const settled = step.then(
    () => undefined,
    (error) => `${what} threw: ${error instanceof Error ? (error.stack ?? error.message) : error}`,
  );
  const result = await Promise.race([settled, late]);
  clearTimeout(timer);
  return result;
}

interface Stagehands {
  readonly pool: Act["pool"];
  readonly recorder: Recorder;
  readonly control: Control;
  readonly here: Here;
  /** Starts `child.ts` on this runtime. */
  readonly child: Command;
}

function actOf(scenario: Scenario, hands: Stagehands): Act {
  const { pool, recorder, control, here, child } = hands;
  const { name, speaks = "tcp", scheme = speaks === "tcp" ? "http" : "https" } = scenario;
  const ports = control.hello.ports[name] ?? [];
  const url = (path = "/", origin = 0): string => `${scheme}://127.0.0.1:${ports[origin]}${path}`;
  // A scenario may fail before it awaits a request. An unhandled rejection must not end the other scenarios.
  const owned = <T>(promise: Promise<T>): Promise<T> => {
    promise.catch(() => {});
    return promise;
  };
  const request: Act["request"] = (path, options) => owned(pool.request(url(path), options));
  return {
    pool,
    here,
    url,
    request,
    lines: recorder.lines,
    get: (path, options) => owned(request(path, options).then((response) => response.text())),
    note: (text) => recorder.note(String(text)),
    async rejection(promise) {
      try {
        await promise;
      } catch (error) {
        return error;
      }
      recorder.note("it did not reject");
      return undefined;
    },
    until: (line) => recorder.until(line),
    signal: (signal, data) => control.signal(name, signal, data),
    wait: (signal) => control.wait(name, signal),
    accepted: async () => Number(await control.ask(name, "#accepted")),
    spawn: (task) => {
      const ended = lastChild.then(() => spawnChild(child, task, url()));
      lastChild = ended.catch(() => {});
      return ended;
    },
    sleep: (ms) => new Promise((resolve) => setTimeout(resolve, ms)),
  };
}

/** A child that takes longer is kept alive by something. Shorter than `idleTimeout`, which would end that. */
const CHILD_PATIENCE_MS = 45_000;

/** Children run one after the other, because starting a runtime takes a whole processor. */
let lastChild: Promise<unknown> = Promise.resolve();

function spawnChild(command: Command, task: string, url: string): ReturnType<Act["spawn"]> {
  const [file = "", ...args] = command;
  return new Promise((resolve, reject) => {
    const child = spawn(file, [...args, task, url], { stdio: ["ignore", "pipe", "inherit"] });
    let output = "";
    child.stdout.on("data", (chunk) => {
      output += chunk;
    });
    const patience = setTimeout(() => child.kill("SIGKILL"), CHILD_PATIENCE_MS);
    child.on("error", reject);
    child.on("close", (code) => {
      clearTimeout(patience);
      resolve({ code, output: output.split("\n").filter((line) => line !== "") });
    });
  });
}
