/** The options of `forward()`: what they mean, and their checks. */

import type { Context } from "hono";
import { isNeverTrailer } from "../../fetch/request-trailers.ts";
import { TOKEN_TEXT } from "../../http1/syntax.ts";
import { callable, oneOf, refuseUnknown, show, wholeNumber } from "../../options/checks.ts";
import { isHopByHop } from "../upstream/hop-by-hop.ts";
import { inRanges } from "./address-ranges.ts";
import type { ForwardingFields, TrustedHops } from "./forwarding-fields.ts";
import type { DotSegments } from "./request-path.ts";
import { defaultName } from "./via.ts";

/**
 * Which proxies in front of the gateway are trusted to have told the truth about the hops before them:
 *
 * - `false`: none. What the client says of hops is replaced.
 * - a number: so many proxies are always in front.
 * - addresses: those at IP addresses, alone or with a prefix (`"10.0.0.0/8"`).
 * - a function: those for whose IP address it returns `true`.
 */
export type Trust<C = Context> = false | number | readonly string[] | ((address: string, c: C) => boolean);

/** Options of {@linkcode forward}. */
export interface ForwardOptions {
  /**
   * Changes the fields that are sent to the upstream. They have neither the client's fields per hop nor its forged hops any
   * more, and nothing that the client says removes what is set here. What it throws is thrown by `forward()`.
   *
   * @default changes nothing
   */
  readonly edit?: ((headers: Headers, c: Context) => void | Promise<void>) | undefined;
  /**
   * Which proxies in front are trusted. What they say of earlier hops is kept, and the gateway's peer is added to it. A
   * trusted proxy must set or remove all of the fields, or else it passes on what its client forges. @default false
   */
  readonly trust?: Trust | undefined;
  /**
   * The fields that tell the upstream of the client: `X-Forwarded-For`, `-Host` and `-Proto`, or `Forwarded` (RFC 7239).
   * Those of the other kind are removed. Off: `false`, then all of them are. @default "x-forwarded"
   */
  readonly forwarded?: ForwardingFields | false | undefined;
  /**
   * The name of the gateway in `Via`. A request that has it already is answered with 508. Gateways that may forward to each
   * other need different names. Off: `false`, without `Via`, and no loop is noticed.
   *
   * @default "holdfast-" and a random word, one for each process
   */
  readonly via?: string | false | undefined;
  /** The `Host` that the upstream gets: its own, the client's, or another one. @default "target" */
  readonly host?: "target" | "client" | (string & {}) | undefined;
  /**
   * Path and query, instead of those of the request; it begins with a slash. The path of the target goes before it. Dot
   * segments in it are answered with 400. @default those of the request, as they came
   */
  readonly path?: string | undefined;
  /**
   * `"refuse"`: a path with dot segments is answered with 400. `"resolve"`: it is sent resolved. That is only safe if the
   * application routes by the same path: `new Hono({ getPath: resolvedPath })`. @default "refuse"
   */
  readonly dotSegments?: DotSegments | undefined;
  /**
   * Trailer fields of the request that are sent on (`["x-checksum"]`), where the server shows them. Others end here, because
   * `edit` runs before they have come: a client could send behind its body what `edit` removes. Off: `[]`. @default []
   */
  readonly trailers?: readonly string[] | undefined;
}

const KNOWN = {
  edit: 0,
  trust: 0,
  forwarded: 0,
  via: 0,
  host: 0,
  path: 0,
  dotSegments: 0,
  trailers: 0,
} as const satisfies Record<keyof ForwardOptions, 0>;

/** What a gateway says of the hops before it. */
export interface HopSettings<C> {
  readonly trusted: (c: C) => TrustedHops;
  readonly forwarded: ForwardingFields | false;
  readonly via: string | false;
}

/** Checked options. */
export interface ForwardSettings extends HopSettings<Context> {
  readonly edit: ForwardOptions["edit"];
  readonly host: string;
  readonly path: string | undefined;
  readonly dotSegments: DotSegments;
  /** In lower case. */
  readonly trailers: readonly string[];
}

/** The settings of options that are used again, as those outside of a handler are. */
const settingsOf: WeakMap<ForwardOptions, ForwardSettings> = new WeakMap();

let defaults: ForwardSettings | undefined;

/** @throws {TypeError | RangeError} for an unknown or wrong option; it names the option and the value. */
export function forwardSettings(options: ForwardOptions | undefined): ForwardSettings {
  if (options === undefined) {
    defaults ??= checked({});
    return defaults;
  }
  if (typeof options !== "object" || options === null)
    throw new TypeError(`forward options must be an object: current value is ${show(options)}`);
  let settings = settingsOf.get(options);
  if (settings === undefined) {
    settings = checked(options);
    settingsOf.set(options, settings);
  }
  return settings;
}

function checked(options: ForwardOptions): ForwardSettings {
  refuseUnknown(options, KNOWN, "forward option");
  const {
    edit,
    trust = false,
    forwarded = "x-forwarded",
    via,
    host = "target",
    path,
    dotSegments = "refuse",
    trailers = [],
  } = options;
  if (edit !== undefined) callable(edit, "edit");
  if (typeof host !== "string" || host === "")
    throw new TypeError(`host must be a string that is not empty: current value is ${show(host)}`);
  if (path !== undefined && (typeof path !== "string" || !path.startsWith("/")))
    throw new TypeError(`path must be a string that begins with a slash: current value is ${show(path)}`);
  return {
    edit,
    ...hopSettings<Context>({ trust, forwarded, via }),
    host,
    path,
    dotSegments: oneOf(dotSegments, "dotSegments", ["refuse", "resolve"]),
    trailers: trailerNames(trailers),
  };
}

function trailerNames(names: unknown): string[] {
  if (!Array.isArray(names))
    throw new TypeError(`trailers must be a list of names: current value is ${show(names)}`);
  return names.map((name: unknown) => {
    const lower = typeof name === "string" && TOKEN_TEXT.test(name) ? name.toLowerCase() : undefined;
    if (lower === undefined || isNeverTrailer(lower) || isHopByHop(lower))
      throw new TypeError(`trailers must name fields that may follow a body: current value is ${show(name)}`);
    return lower;
  });
}

/** Checks what is said of hops. `C`: what a function is called with beside an address. */
export function hopSettings<C>({ trust, forwarded, via }: HopOptions<C>): HopSettings<C> {
  return {
    trusted: trustOf(trust),
    forwarded: forwarded === false ? false : oneOf(forwarded, "forwarded", FORWARDING),
    via: viaName(via),
  };
}

interface HopOptions<C> {
  readonly trust: Trust<C>;
  readonly forwarded: ForwardingFields | false;
  readonly via: string | false | undefined;
}

const FORWARDING: readonly ForwardingFields[] = ["x-forwarded", "forwarded", "both"];

function viaName(via: unknown): string | false {
  if (via === undefined) return defaultName();
  if (via === false) return false;
  if (typeof via === "string" && TOKEN_TEXT.test(via)) return via;
  throw new TypeError(`via must be a name without spaces, or false: current value is ${show(via)}`);
}

function trustOf<C>(trust: Trust<C>): HopSettings<C>["trusted"] {
  if (typeof trust === "function") return (c) => (address) => trust(address, c) === true;
  const hops = hopsOf(trust);
  return () => hops;
}

function hopsOf(trust: Exclude<Trust<never>, (...given: never[]) => unknown>): TrustedHops {
  if (trust === false) return false;
  if (typeof trust === "number") return wholeNumber(trust, "trust", 0);
  if (Array.isArray(trust)) return inRanges(trust);
  throw new TypeError(
    `trust must be false, a number, addresses or a function: current value is ${show(trust)}`,
  );
}
