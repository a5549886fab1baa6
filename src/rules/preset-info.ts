/** Preset info: how a preset describes itself, so that `explain()` can name it as the source of a rule. */

/** The system that a preset follows, and how closely. */
export interface PresetInfo {
  /** The function that makes it: `"jdk"` for `presets.jdk()`. */
  readonly name: string;
  /** The usual name of the system: `"JDK HttpURLConnection"`. */
  readonly system: string;
  /** The versions whose rules it reproduces. */
  readonly versions: string;
  /** Where the rules were read or how they were measured. */
  readonly source: string;
  /** How the system uses HTTP/2. Absent: it does not, or that was not looked up. */
  readonly http2?: Http2Info;
  /** The options that the preset sets. An option that was overridden counts as the user's. */
  readonly options: Readonly<Record<string, unknown>>;
}

/** How a system uses HTTP/2. Its idle time, requests and lifetime are those of HTTP/1.1. */
export interface Http2Info {
  /** Most streams at a time. A client: until the server has said its own limit. A server: what it announces. */
  readonly maxStreams: number;
  /** What a client does when all streams of its connection are in use. */
  readonly whenFull?: "opens another" | "waits";
  /** When it sends PING of its own accord, and how long it waits for the answer. */
  readonly ping: false | Http2PingInfo;
  /** The receive window of one stream, in bytes, to begin with. */
  readonly streamWindow: number;
  /** The receive window of the connection, in bytes. */
  readonly connectionWindow: number;
  /** A client: what it sends again after GOAWAY or REFUSED_STREAM. A server: how its connections end. */
  readonly ending: string;
  /** Where this was read or how it was measured. */
  readonly source: string;
}

/** PING by which a system finds dead connections. */
export interface Http2PingInfo {
  /** The silence before a PING, in ms. */
  readonly intervalMs: number;
  /** How long it waits for the answer. `undefined`: it does not wait. */
  readonly timeoutMs: number | undefined;
  /** `"always"`, while requests run, or only with the first request after a silence. */
  readonly when: "always" | "with requests" | "before a request";
}

/**
 * Key under which a preset carries its {@linkcode PresetInfo}. A symbol is copied when a preset is spread into options,
 * and is not taken for an option.
 */
export const PRESET: unique symbol = Symbol.for("holdfast.preset");
