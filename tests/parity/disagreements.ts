/**
 * The documented disagreements: where Holdfast with a system's preset differs from the system, what it does instead,
 * and why. Any other disagreement that a parity run finds is a failure.
 */

/** One documented disagreement. */
export interface Disagreement {
  /** The systems, by their own name or their preset's. */
  readonly systems: readonly string[] | "all";
  /** Matched against the case's name. */
  readonly cases: RegExp;
  /** Matched against what Holdfast did: its trace as a client, or what was observed of the middleware. */
  readonly instead: RegExp;
  readonly reason: string;
}

/** Systems that detect a FIN only by a short read before reuse, or not at all. */
const READ_CHECK = ["jdk", "apacheHttpClient4", "apacheHttpClient5", "okHttp"];

/** The first request was answered. The second one used a new connection. */
const ENDED = /^1 A → 200 · 2 B → 200$/;
const KEPT = /^1 A → 200 · 2 A → 200$/;
/** The first request failed, and its connection was not reused. */
const REFUSED = /^1 A → failed · 2 B → 200$/;
/** The request was sent once and failed. */
const FAILED_ONCE = /^(1 A → 200 · 2|1) A → failed$/;

const framing: readonly Disagreement[] = [
  {
    systems: "all",
    cases: /1\.0 with keep-alive, chunked$/,
    instead: ENDED,
    reason:
      "Transfer-Encoding on HTTP/1.0 is faulty framing (RFC 9112 §6.1). Holdfast reads the response and ends the connection. Others trust it or fail",
  },
  {
    systems: "all",
    cases: /1\.1 chunked with a length$/,
    instead: ENDED,
    reason:
      "Transfer-Encoding beside Content-Length may be an attack (RFC 9112 §6.3). Holdfast reads the chunks and ends the connection. Others trust it or fail",
  },
  {
    systems: ["jdk", "jdkHttpClient", "apacheHttpClient4", "okHttp", "curl", "nginxUpstream"],
    cases: /two Content-Length lines that differ$/,
    instead: REFUSED,
    reason: "different lengths are an error (RFC 9112 §6.3). The system takes one of them",
  },
  {
    systems: ["nodeAgent", "undici"],
    cases: /two equal Content-Length lines$/,
    instead: KEPT,
    reason:
      "RFC 9112 §6.3 allows a client to treat equal lengths as one, as Holdfast does. The system fails the request",
  },
  {
    systems: ["apacheHttpClient5"],
    cases: /two equal Content-Length lines$/,
    instead: ENDED,
    reason:
      "RFC 9112 §6.3 allows a client to treat equal lengths as one, as Holdfast does. Version 5.2 fails the request",
  },
  {
    systems: ["apacheHttpClient4", "jdkHttpClient", "okHttp", "nginxUpstream"],
    cases: /a length that is no number$/,
    instead: REFUSED,
    reason: "a length that is not a number is an error (RFC 9112 §6.3). The system guesses, or waits",
  },
  {
    systems: [...READ_CHECK, "jdkHttpClient", "nodeAgent", "undici"],
    cases: /(junk|CR LF) behind the body$/,
    instead: ENDED,
    reason:
      "surplus bytes after a response end the connection and have no other effect, so they cannot be read as a later response",
  },
  {
    systems: ["jdk", "okHttp", "nginxUpstream"],
    cases: /103, then 200$/,
    instead: KEPT,
    reason:
      "the system fails on a 103, or takes it as the response. RFC 9110 §15.2 requires a client to read on",
  },
  {
    systems: ["jdk", "curl", "chrome"],
    cases: /closed after half a head$/,
    instead: FAILED_ONCE,
    reason:
      "the system treats half a head as a complete response. In Holdfast a truncated response is an error",
  },
  {
    systems: ["jdk"],
    cases: /closed after half a body$/,
    instead: FAILED_ONCE,
    reason: "the system treats a truncated body as complete. In Holdfast it is an error",
  },
];

const idle: readonly Disagreement[] = [
  {
    systems: [...READ_CHECK, "curl"],
    cases: /(a byte|a response|a 408) .*(body|asked for)$/,
    instead: ENDED,
    reason:
      "the system reads bytes that came on an idle connection as the response to the next request (response desynchronisation). In Holdfast any byte ends the connection",
  },
  {
    systems: READ_CHECK,
    cases: /closed a moment after the body$/,
    instead: ENDED,
    reason:
      "the system sends on a connection that has received a FIN, and then resends. Holdfast has seen the FIN",
  },
  {
    systems: ["jdk"],
    cases: /timeout of a later response/,
    instead: /· 3 B → 200$/,
    reason:
      "the system gives all connections of an origin the idle time of the first one. In Holdfast the last response counts",
  },
  {
    systems: ["jdk"],
    cases: /later response without it/,
    instead: /· 3 A → 200$/,
    reason:
      "the system gives all connections of an origin the idle time of the first one. In Holdfast the last response counts",
  },
  {
    systems: ["nginxUpstream"],
    cases: /2 s of lifetime/,
    instead: /^1 A → 200 · 2 A → 200 · 3 A → 200 · 4 B → 200$/,
    reason:
      "the system checks the age only when a connection is returned. Holdfast also checks it before reuse",
  },
  {
    systems: ["undici7"],
    cases: /2 s of lifetime/,
    instead: /^1 A → 200 · 2 A → 200 · 3 A → 200 · 4 B → 200$/,
    reason:
      "when a connection has reached its lifetime, the system also closes the next one after its first response",
  },
  {
    systems: ["bunFetch"],
    cases: /^pool: (of (two|three) idle|ten requests|seven idle|three idle)/,
    instead: /^(\d+ [A-J] → 200( · |$))+$/,
    reason:
      "the system uses the lowest of its slots, which are filled in the order in which connections become idle. Holdfast uses the connection opened first",
  },
];

const retries: readonly Disagreement[] = [
  {
    systems: ["denoFetch", "bunFetch", "okHttp", "nginxUpstream"],
    cases: /reused connection, closed after half a head$/,
    instead: FAILED_ONCE,
    reason: "the system resends after part of a response, although the server has executed the request",
  },
];

const servers: readonly Disagreement[] = [
  {
    systems: ["nodeServer"],
    cases: /^requests: the last of/,
    instead: /max=4 · 200 connection: close · closed after 0\.\d s$/,
    reason:
      "after its last response the system keeps the connection and answers 503 to later requests. The middleware closes the connection",
  },
  {
    systems: ["nginx", "haproxy"],
    cases: /^idle: (after a request of HTTP\/1\.0 that asked|HTTP\/1\.0, keep-alive)$/,
    instead: /^200 connection: keep-alive keep-alive: timeout=1 · (stays open|closed after [1-3]\.\d s)$/,
    reason:
      "on HTTP/1.0 Node adds its own Keep-Alive if there is none, so the middleware announces the true time",
  },
  {
    systems: ["tomcat", "httpd"],
    cases: /^idle: after (one request|three requests|a request of HTTP\/1\.0)/,
    instead: /closed after [2-4]\.\d s$/,
    reason:
      "the system closes when the announced time is over. The middleware closes a second later, so that no request meets the FIN",
  },
  {
    systems: ["nginx"],
    cases: /^announced: closes by the real time/,
    instead: /timeout=7 · stays open$/,
    reason: "the system closes before the announced time is over. The middleware keeps what it announces",
  },
];

const disagreements: readonly Disagreement[] = [...framing, ...idle, ...retries, ...servers];

/** The documented disagreement for a case, if there is one, for a system with any of these names. */
export function findDisagreement(
  names: readonly string[],
  plan: string,
  ours: string,
): Disagreement | undefined {
  return disagreements.find(
    ({ systems, cases, instead }) =>
      (systems === "all" || names.some((name) => systems.includes(name))) &&
      cases.test(plan) &&
      instead.test(ours),
  );
}
