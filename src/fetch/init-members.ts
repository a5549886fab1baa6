/** Init members: what `fetch` makes of the members of its init that a pool has no use for. */

import { quoted } from "../contract/excerpt.ts";

/** Members that are read, or that mean something in a browser only. */
const KNOWN: ReadonlySet<string> = new Set([
  "method",
  "headers",
  "body",
  "signal",
  "redirect",
  "duplex",
  "integrity",
  "mode",
  "credentials",
  "referrer",
  "referrerPolicy",
  "window",
  "holdfast",
]);

/** The enumerations of Fetch §5.4 and Referrer Policy §3. Any other value is a TypeError there, and so it is here. */
const VALUES: Readonly<Record<string, readonly unknown[]>> = {
  // "navigate" is a value of a Request's mode, but no init may ask for it.
  mode: ["same-origin", "no-cors", "cors"],
  credentials: ["omit", "same-origin", "include"],
  cache: ["default", "no-store", "reload", "no-cache", "force-cache", "only-if-cached"],
  priority: ["high", "low", "auto"],
  duplex: ["half"],
  referrerPolicy: [
    "",
    "no-referrer",
    "no-referrer-when-downgrade",
    "same-origin",
    "origin",
    "strict-origin",
    "origin-when-cross-origin",
    "strict-origin-when-cross-origin",
    "unsafe-url",
  ],
};

/** Names that are told at most: they are the caller's, and may be made up. */
const MAX_TOLD = 100;

/** Members of init that are ignored, each of which is told once. */
export class IgnoredMembers {
  readonly #told: Set<string> = new Set();
  readonly #tell: (member: string) => void;

  constructor(tell: (member: string) => void) {
    this.#tell = tell;
  }

  /**
   * Members of another client (`dispatcher`, `client`, `tls` …) and of a framework (`next`, `cf` …) are ignored, as by
   * every fetch that does not know them.
   *
   * @throws {TypeError} for a member of the standard with a value that it does not have.
   */
  check(init: object): void {
    for (const [name, value] of Object.entries(init)) {
      if (value === undefined) continue;
      refuseUnknownValue(name, value);
      if (value !== null && !KNOWN.has(name)) this.#ignore(name);
    }
    if (
      "cache" in init &&
      init.cache === "only-if-cached" &&
      !("mode" in init && init.mode === "same-origin")
    )
      throw new TypeError('fetch option "cache" can be "only-if-cached" with mode "same-origin" alone');
    if ("mode" in init && init.mode === "no-cors" && "method" in init && !isSimple(init.method))
      throw new TypeError('fetch option "mode" can be "no-cors" with GET, HEAD and POST alone');
  }

  #ignore(name: string): void {
    if (this.#told.has(name) || this.#told.size >= MAX_TOLD) return;
    this.#told.add(name);
    this.#tell(name);
  }
}

function refuseUnknownValue(name: string, value: unknown): void {
  if (Object.hasOwn(VALUES, name) && VALUES[name]?.includes(value) !== true)
    throw new TypeError(`fetch option "${name}" cannot be ${quoted(String(value))}`);
  // A relative one may be: this is no page, so nothing says what it is relative to.
  if (name === "referrer" && !URL.canParse(String(value), "http://page.invalid/"))
    throw new TypeError(`fetch option "referrer" must be a URL: current value is ${quoted(String(value))}`);
  if (name === "window" && value !== null) throw new TypeError('fetch option "window" must be null');
}

/** Whether it is a CORS-safelisted method (Fetch §2.2.1). */
function isSimple(method: unknown): boolean {
  return method === undefined || ["GET", "HEAD", "POST"].includes(String(method).toUpperCase());
}
