/**
 * Each test ends: on Node, one that fails takes no other down with it. Deno and Bun see to that themselves.
 *
 * A test that waits for a promise which nothing settles ends the whole run as soon as the event loop has nothing left to do: Node 20
 * cancels all tests behind it, and Node 24 says nothing at all. And a server that a failed test has not closed keeps a finished
 * run from ending, so that not even its report is written.
 */

import { syncBuiltinESMExports } from "node:module";
import { type Run, runner, suiteBody, testBody } from "./blame.ts";

/** A guard: tests that may take long have limits of their own. Suites inherit it, and one of them takes a minute at most. */
const LIMIT_MS = 600_000;

/** Has the runner of Node 24 give each test a time limit. In a process with the tests themselves, that of Node 20 ignores it. */
export const TEST_LIMIT = `--test-timeout=${LIMIT_MS}`;

/** How long what tests have begun to close may take. */
const CLOSING_MS = 10_000;

interface Handle {
  unref?(): unknown;
}

interface Internals {
  /** What keeps the event loop alive. There is no documented way to let go of it. */
  _getActiveHandles(): readonly Handle[];
}

/**
 * Gives each test the errors that happen while it runs, and a time limit, unless it has one, where no option of Node does. To be called
 * before any module imports node:test: Node 20 changes no import of it afterwards.
 */
export function giveErrorsAndLimits(limitMs: number = LIMIT_MS): void {
  const limit = Number.parseInt(process.versions.node, 10) >= 24 ? {} : { timeout: limitMs };
  for (const name of ["it", "test"]) wrap(name, limit, testBody);
  for (const name of ["describe", "suite"]) wrap(name, {}, suiteBody);
  syncBuiltinESMExports();
}

function wrap(name: string, limit: object, bodyOf: (body: Run) => Run): void {
  const own = runner[name] as Run;
  runner[name] = Object.assign((...given: readonly unknown[]) => own(...limited(given, limit, bodyOf)), own);
}

/** The arguments of a test or suite: a name, options and a function, each of which may be left out. */
function limited(given: readonly unknown[], limit: object, bodyOf: (body: Run) => Run): unknown[] {
  const isOptions = (one: unknown): one is object => typeof one === "object" && one !== null;
  const names = given.filter((one) => typeof one === "string");
  const options = given.find(isOptions);
  const bodies = given.filter((one) => typeof one === "function");
  return [...names, { ...limit, ...options }, ...bodies.map((body) => bodyOf(body as Run))];
}

/**
 * Keeps the run going until all tests and all hooks behind them are over. If something keeps it going beyond, that is let go of, and the
 * run fails. To be called when all tests are registered: such hooks run in their order.
 */
export function endRun(closingMs: number = CLOSING_MS): void {
  const going = setInterval(() => {}, LIMIT_MS);
  runner.after(() => {
    clearInterval(going);
    ifAlive(closingMs, () => {
      letGo();
      ifAlive(closingMs / 10, () => end(closingMs / 10));
    });
  });
}

/** Calls back if the process is still there by then. */
function ifAlive(ms: number, callback: () => void): void {
  setTimeout(callback, ms).unref();
}

function letGo(): void {
  const open = left();
  for (const handle of open) handle.unref?.();
  process.exitCode = 1;
  const kinds = open.map((handle) => handle.constructor.name);
  console.error(`A test left open what keeps the process alive: ${kinds.join(", ") || "a timer"}`);
}

/** Timers cannot be let go of. The runner writes its report when it hears that the event loop has nothing left to do. */
function end(writingMs: number): void {
  process.emit("beforeExit", 1);
  setTimeout(() => process.exit(), writingMs);
}

function left(): Handle[] {
  const own: readonly unknown[] = [process.stdin, process.stdout, process.stderr];
  const { _getActiveHandles } = process as unknown as Internals;
  return _getActiveHandles.call(process).filter((handle) => !own.includes(handle));
}
