/**
 * Observe: sends one request on a connection that was just used, and watches which functions it goes through. Everything
 * from `pool.fetch(url)` to the socket's `write` is then one chain of calls, and so is everything from the socket's data to
 * the caller's promise: stack traces show both. What is asked on the way, and answers with a value, is on neither; the
 * inspector's coverage shows it. For Node.
 */

import { Session } from "node:inspector";
import { createPool } from "../../mod.ts";
import { MovableClock } from "../../tests/support/clock.ts";
import { memoryTransport } from "../../transports/memory.ts";

const ROOT = new URL("../..", import.meta.url).href;

/** A function of ours that was called. */
export interface Hop {
  /** `src/exchange/exchange.ts` */
  readonly file: string;
  /** `Exchange.start` */
  readonly name: string;
}

/** The folder that a file belongs to, without `src/`. */
export function roomOf(file: string): string {
  const folders = file.split("/").slice(0, -1);
  if (folders[0] !== "src") return folders[0] ?? "";
  return folders.length === 1 ? "create-pool" : folders.slice(1).join("/");
}

/** What calls whom now, the outermost first. */
function callChain(): Hop[] {
  const { prepareStackTrace, stackTraceLimit } = Error;
  Error.stackTraceLimit = 200;
  Error.prepareStackTrace = (_, sites) => sites;
  const sites: unknown = new Error("walk").stack;
  Object.assign(Error, { prepareStackTrace, stackTraceLimit });
  return (sites as NodeJS.CallSite[]).flatMap(hopOf).reverse();
}

/** Functions without a name belong to the one around them. A transport of the user's is checked; that is left out here. */
function hopOf(site: NodeJS.CallSite): Hop[] {
  const url = site.getFileName() ?? "";
  const name = site.getFunctionName();
  const file = url.slice(ROOT.length);
  const ours = url.startsWith(ROOT) && /^(src|transports)\//.test(file) && !file.includes("/checked-");
  if (!ours || name === null) return [];
  const isMethod = site.getTypeName() !== null;
  return [{ file, name: isMethod ? `${site.getTypeName()}.${name}` : name }];
}

/** The functions that ran since it was asked last. */
class Coverage {
  readonly #session = new Session();

  constructor() {
    this.#session.connect();
    this.#session.post("Profiler.enable");
    this.#session.post("Profiler.startPreciseCoverage", { callCount: true, detailed: false });
  }

  take(): Hop[] {
    let ran: Hop[] = [];
    this.#session.post("Profiler.takePreciseCoverage", (_, { result }) => {
      ran = result
        // The clock of the walk is that of the testing kit, which is no part of a request.
        .filter(({ url }) => url.startsWith(`${ROOT}src/`) && !url.includes("/src/testing/"))
        .flatMap(({ url, functions }) =>
          functions
            .filter(({ functionName, ranges }) => functionName !== "" && (ranges[0]?.count ?? 0) > 0)
            .map(({ functionName }) => ({ file: url.slice(ROOT.length), name: functionName })),
        );
    });
    return ran;
  }
}

/** One leg of the way: who called whom, and who was asked beside it. */
export interface Leg {
  readonly chain: readonly Hop[];
  readonly ran: readonly Hop[];
}

export interface Walk {
  /** Until the request is written. */
  readonly out: Leg;
  /** Until the connection is idle again. */
  readonly back: Leg;
  /** Until the caller's promise is settled. */
  readonly settled: readonly Hop[];
}

/** Sends one request on a connection that was just used, and watches. */
export async function observe(): Promise<Walk> {
  const memory = memoryTransport({ respond: () => ({ body: "ok" }) });
  const chains: Record<string, Hop[]> = {};
  const watching = { on: false };
  const note = (what: string): void => {
    if (watching.on) chains[what] = callChain();
  };
  const transport: typeof memory = {
    ...memory,
    async connect(target, handler, signal) {
      const socket = await memory.connect(target, handler, signal);
      const { write, ref } = socket;
      return {
        ...socket,
        write(...all) {
          note("written");
          return write(...all);
        },
        ref(held) {
          if (!held) note("parked");
          ref(held);
        },
      };
    },
  };
  const pool = createPool({ transport, clock: new MovableClock() });
  await (await pool.fetch("http://a.test/")).text();
  const coverage = new Coverage();
  // A promise that is resolved with an object asks it for `then`.
  // biome-ignore lint/suspicious/noThenProperty: it answers `undefined`, so nothing becomes a promise by it.
  Object.defineProperty(Response.prototype, "then", { get: () => note("settled"), configurable: true });
  watching.on = true;
  coverage.take();
  const response = pool.fetch("http://a.test/");
  const ranOut = coverage.take();
  await response;
  const ranBack = coverage.take();
  watching.on = false;
  await pool.close();
  const { written = [], parked = [], settled = [] } = chains;
  return { out: { chain: written, ran: ranOut }, back: { chain: parked, ran: ranBack }, settled };
}
