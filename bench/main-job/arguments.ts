/** Arguments: reads the command line, or says what is wrong with it. */

import { parsed } from "../../scripts/command-line.ts";
import { UsageError } from "../../scripts/usage-error.ts";

export interface Arguments {
  /** Servers of the user's own; none for the embedded origins. */
  readonly urls: readonly URL[];
  /** Requests per client. */
  readonly requests: number;
  /** The time for both clients together. */
  readonly seconds: number;
  readonly method: "GET" | "HEAD";
  /** Starts the gateway of examples/gateway.ts instead of a job. */
  readonly serve: boolean;
  readonly quiet: boolean;
  readonly json: boolean;
  readonly help: boolean;
}

const OPTIONS = {
  requests: { type: "string" },
  seconds: { type: "string" },
  method: { type: "string" },
  serve: { type: "boolean", default: false },
  quiet: { type: "boolean", default: false },
  json: { type: "boolean", default: false },
  help: { type: "boolean", default: false, short: "h" },
} as const;

/** With the user's own servers the job is gentle, because they may have other work. */
export const GENTLE = { requests: 40, mostRequests: 500, mostUrls: 10 } as const;

export const HELP = `Usage: npm start [-- [options] [URL…]]

Sends real requests through Holdfast and through the runtime's built-in fetch, and compares them.
Without URL: to embedded servers with different keep-alive habits (and nginx, if it is installed).
With URLs: to your own servers, gently: GET only (HEAD on request), at most 4 at once per server,
redirects not followed.

  --requests N   requests per client (default 4000; with URLs ${GENTLE.requests} per server, at most ${GENTLE.mostRequests})
  --seconds N    how long it may take, both clients together (default 25; with URLs 40)
  --method M     GET or HEAD, with URLs only (default GET)
  --serve        no job: an edge gateway to URL, or to a small server of its own, with a page that shows its
                 pool, on PORT (default 8787), until Ctrl-C
  --quiet        no progress
  --json         the result as JSON
  --help         this text

Exit code: 0 if Holdfast had no failure, 1 if it had, 2 for wrong arguments, 130 after Ctrl-C.
Also: deno run -A bench/main-job/main.ts, bun bench/main-job/main.ts`;

/** @throws {UsageError} */
export function readArguments(argv: readonly string[]): Arguments {
  const { values, positionals } = parsed({ args: [...argv], options: OPTIONS, allowPositionals: true });
  const urls = positionals.map(readUrl);
  if (urls.length > GENTLE.mostUrls)
    throw new UsageError(`At most ${GENTLE.mostUrls} URLs, got ${urls.length}`);
  const own = urls.length > 0;
  if (values.serve && urls.length > 1) throw new UsageError(`--serve takes one URL, got ${urls.length}`);
  if (values.method !== undefined && !own) {
    throw new UsageError("--method is for URLs: the embedded origins get GET and POST");
  }
  const servers = new Set(urls.map(({ origin }) => origin)).size;
  const requests = own
    ? { otherwise: GENTLE.requests * servers, most: GENTLE.mostRequests }
    : { otherwise: 4000, most: 1_000_000 };
  return {
    urls,
    requests: readNumber("requests", values.requests, { least: 1, whole: true, ...requests }),
    seconds: readNumber("seconds", values.seconds, { least: 1, most: 3600, otherwise: own ? 40 : 25 }),
    method: readMethod(values.method),
    serve: values.serve,
    quiet: values.quiet,
    json: values.json,
    help: values.help,
  };
}

interface Range {
  readonly least: number;
  readonly most: number;
  readonly otherwise: number;
  readonly whole?: boolean;
}

function readNumber(name: string, text: string | undefined, range: Range): number {
  if (text === undefined) return range.otherwise;
  const value = Number(text);
  const fits = text.trim() !== "" && value >= range.least && value <= range.most;
  if (fits && (range.whole !== true || Number.isInteger(value))) return value;
  const kind = range.whole === true ? "a whole number" : "a number";
  throw new UsageError(`--${name} must be ${kind} from ${range.least} to ${range.most}, got "${text}"`);
}

function readMethod(text: string | undefined): "GET" | "HEAD" {
  const method = (text ?? "GET").toUpperCase();
  if (method === "GET" || method === "HEAD") return method;
  throw new UsageError(`--method must be GET or HEAD, got "${text}": other methods may change something`);
}

function readUrl(text: string): URL {
  const url = URL.canParse(text) ? new URL(text) : undefined;
  if (url === undefined || !["http:", "https:"].includes(url.protocol)) {
    throw new UsageError(`A URL must start with http:// or https://, got "${text}"`);
  }
  // The message does not repeat the URL, because it may end up in a log.
  if (url.username !== "" || url.password !== "")
    throw new UsageError("A URL must not contain a user or password");
  return url;
}
