/**
 * Child: runs one file of web-platform-tests, in Node, Deno or Bun. `Request`, `Response` and `Headers` are the runtime's
 * own; `fetch` is the pool's, or the runtime's own. The tests use relative URLs, which neither resolves without a page.
 */

import { readFileSync, writeSync } from "node:fs";
import process from "node:process";
import { runInThisContext } from "node:vm";

interface Given {
  readonly location: string;
  readonly title: string | undefined;
  readonly scripts: readonly string[];
  readonly poolModule: string | undefined;
}

/** What the harness reports. */
interface Reported {
  readonly name: string;
  readonly status: number;
  readonly message: string | null;
}

/** What testharness.js adds to the global object. */
interface Harness {
  add_result_callback(callback: (result: Reported) => void): void;
  add_completion_callback(callback: () => void): void;
}

/** As much of a FileReader as the tests of fetch use. Node and Bun have none. */
class TextReader {
  result: string | undefined;
  onload: (() => void) | undefined;
  onerror: (() => void) | undefined;

  readAsText(blob: Blob): void {
    blob.text().then(
      (text) => {
        this.result = text;
        this.onload?.();
      },
      () => this.onerror?.(),
    );
  }
}

const given = JSON.parse(readFileSync(process.argv[2] ?? "", "utf8")) as Given;
const write = (line: string) => writeSync(1, `\n${line}\n`);
const [harness = "", ...scripts] = given.scripts;

// A test that goes wrong outside of its promises must not end those behind it.
process.on("uncaughtException", (error) => write(`uncaught ${error}`));
process.on("unhandledRejection", (error) => write(`unhandled ${error}`));
define("self", globalThis);
define("window", globalThis);
define("GLOBAL", { isWorker: () => false, isShadowRealm: () => false, isWindow: () => false });
// Deno has it already, by `--location`.
if (typeof location === "undefined") define("location", new URL(given.location));
define("META_TITLE", given.title);
define("Window", Object.getPrototypeOf(globalThis).constructor);
if ("Bun" in globalThis) {
  define("gc", () => {});
  define("Request", withRelativeInput(Request));
}
if (typeof FileReader === "undefined") define("FileReader", TextReader);
// Node's own Request resolves relative URLs against this, as undici's setGlobalOrigin() wants it.
Object.assign(globalThis, { [Symbol.for("undici.globalOrigin.1")]: new URL(given.location) });
define("fetch", withRelativeUrls(await chosenFetch()));
runInThisContext(harness);
const { add_result_callback, add_completion_callback } = globalThis as unknown as Harness;
add_result_callback(({ name, status, message }) => {
  write(`result ${JSON.stringify({ name, passed: status === 0, message: message ?? "" })}`);
});
add_completion_callback(() => {
  write("completed");
  process.exit();
});
for (const script of scripts) runInThisContext(script);

function define(name: string, value: unknown): void {
  if (value === undefined) return;
  Object.defineProperty(globalThis, name, { value, writable: true, configurable: true });
}

async function chosenFetch(): Promise<typeof fetch> {
  if (given.poolModule === undefined) return fetch;
  const { createPool } = (await import(given.poolModule)) as typeof import("../../mod.ts");
  return createPool().fetch as typeof fetch;
}

/** Bun's Request takes absolute URLs alone, and knows no way to tell it the page. */
function withRelativeInput(own: typeof Request): typeof Request {
  return new Proxy(own, {
    construct: (target, [input, ...rest], newTarget) =>
      Reflect.construct(target, [input instanceof own ? input : resolved(input), ...rest], newTarget),
  });
}

function resolved(input: unknown): string {
  return new URL(String(input), given.location).href;
}

function withRelativeUrls(chosen: typeof fetch): typeof fetch {
  return function fetch(input, init = undefined) {
    try {
      return chosen(input instanceof Request ? input : resolved(input), init);
    } catch (error) {
      return Promise.reject(
        error instanceof TypeError ? new TypeError(error.message, { cause: error }) : error,
      );
    }
  };
}
