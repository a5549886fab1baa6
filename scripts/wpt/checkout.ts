/** Checkout: the tests of web-platform-tests as undici kept them, with the server that it wrote for them. */

import { type ChildProcess, fork } from "node:child_process";
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { dirname, join, resolve } from "node:path";

/** One file of tests in one variant, ready to run. */
export interface Job {
  /** Its path within the tests, with the query of the variant. */
  readonly file: string;
  readonly location: string;
  readonly title: string | undefined;
  readonly limitMs: number;
  /** The test harness, the scripts that the file wants, and the file itself. */
  readonly scripts: readonly string[];
}

/** A running server of the tests. Some tests end it. */
export interface TestServer extends AsyncDisposable {
  readonly url: () => string;
  /** Starts it again if it has ended. */
  ready(): Promise<void>;
}

interface Meta {
  readonly scripts: readonly string[];
  readonly variants: readonly string[];
  readonly title: string | undefined;
  readonly isLong: boolean;
}

export class Checkout {
  readonly #server: string;
  readonly #tests: string;

  /** @throws {Error} if there are no tests. */
  constructor(path: string) {
    const home = resolve(path, "test/wpt");
    this.#server = join(home, "server/server.mjs");
    this.#tests = join(home, "tests");
    if (!existsSync(this.#server) || !existsSync(join(this.#tests, "fetch")))
      throw new Error(`${home} has no server/server.mjs, or no tests/fetch: see scripts/wpt.ts`);
  }

  /** The paths of all tests of fetch that do not need a window. */
  files(): string[] {
    return readdirSync(join(this.#tests, "fetch"), { recursive: true, encoding: "utf8" })
      .map((name) => `fetch/${name.replaceAll("\\", "/")}`)
      .filter((name) => name.endsWith(".any.js"))
      .sort();
  }

  /** The jobs of a file, one for each variant. The scripts are read when the address of the server is known. */
  jobs(file: string, url: () => string): Job[] {
    const { scripts, variants, title, isLong } = metaOf(this.#read(file, url));
    return (variants.length === 0 ? [""] : variants).map((variant) => ({
      file: file + variant,
      get location() {
        return new URL(`/${file}${variant}`, url()).href;
      },
      title,
      limitMs: isLong ? 60_000 : 15_000,
      scripts: ["resources/testharness.js", ...scripts.map((script) => pathOf(script, file)), file].map(
        (path) => this.#read(path, url),
      ),
    }));
  }

  async serve(): Promise<TestServer> {
    const script = this.#server;
    let running = await start(script);
    return {
      url: () => running.url,
      async ready() {
        if (running.child.exitCode !== null || running.child.signalCode !== null)
          running = await start(script, running.url);
      },
      async [Symbol.asyncDispose]() {
        running.child.kill("SIGKILL");
      },
    };
  }

  #read(path: string, url: () => string): string {
    const text = readFileSync(join(this.#tests, path), "utf8");
    return path.includes(".sub.") ? substituted(text, url()) : text;
  }
}

/** Where a script that a test wants is. */
function pathOf(script: string, file: string): string {
  if (script === "/resources/WebIDLParser.js") return "resources/webidl2/lib/webidl2.js";
  return script.startsWith("/") ? script.slice(1) : join(dirname(file), script);
}

/** The `// META:` lines at the top of a test. */
function metaOf(text: string): Meta {
  const all: [key: string, value: string][] = [];
  for (const line of text.split(/\r?\n/)) {
    const found = /^\/\/ META: (\w+)=(.*)$/.exec(line);
    if (found === null) break;
    all.push([found[1] ?? "", found[2] ?? ""]);
  }
  const valuesOf = (wanted: string): string[] =>
    all.flatMap(([key, value]) => (key === wanted ? [value] : []));
  return {
    scripts: valuesOf("script"),
    variants: valuesOf("variant"),
    title: valuesOf("title")[0],
    isLong: valuesOf("timeout").includes("long"),
  };
}

/** What the server of web-platform-tests would put in for `{{…}}`: there is one host here, and one port. */
function substituted(text: string, url: string): string {
  return text.replaceAll(/\{\{(\w+)[^}]*\}\}/g, (_, name) =>
    name === "ports" ? new URL(url).port : "localhost",
  );
}

interface Running {
  readonly child: ChildProcess;
  readonly url: string;
}

/** Starts the server of the checkout. It chooses its port. */
async function start(script: string, before?: string): Promise<Running> {
  const child = fork(script, [], { stdio: ["ignore", "ignore", "ignore", "ipc"], execArgv: [] });
  const url = await new Promise<string>((resolve, reject) => {
    child.on("message", (message: { readonly server?: string }) => {
      if (message.server !== undefined) resolve(message.server);
    });
    child.on("error", reject);
    child.on("exit", (code) =>
      reject(new Error(`The server ended with ${code}${before === undefined ? "" : " again"}`)),
    );
  });
  return { child, url };
}
