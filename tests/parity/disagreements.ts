/**
 * Disagreements: where Holdfast with a system's preset does not do as the system does, what it does instead, and why.
 * What a parity run finds beside these is a failure.
 */

export interface Disagreement {
  /** Systems it concerns, by their own or their preset's name. */
  readonly systems: readonly string[] | "all";
  /** Matched against the case's name. */
  readonly cases: RegExp;
  /** Matched against what Holdfast did: the ways of its requests, or what was seen of the middleware. */
  readonly instead: RegExp;
  readonly reason: string;
}

/** They look for a FIN by reading for a millisecond, and some not even that. */
const BLIND = ["jdk", "apacheHttpClient4", "apacheHttpClient5", "okHttp"];

/** The first request was answered; the second one has a connection of its own. */
const ENDED = /^1 A → 200 · 2 B → 200$/;
const KEPT = /^1 A → 200 · 2 A → 200$/;
/** The first request failed, and its connection is not used again. */
const REFUSED = /^1 A → failed · 2 B → 200$/;
/** Sent once, and failed. */
const FAILED_ONCE = /^(1 A → 200 · 2|1) A → failed$/;

const framing: readonly Disagreement[] = [
  {
    systems: "all",
    cases: /1\.0 with keep-alive, chunked$/,
    instead: ENDED,
    reason:
      "Transfer-Encoding on HTTP/1.0 is faulty framing (RFC 9112 §6.1): Holdfast reads the response and ends the connection, others trust it or fail",
  },
  {
    systems: "all",
    cases: /1\.1 chunked with a length$/,
    instead: ENDED,
    reason:
      "Transfer-Encoding beside Content-Length may be an attack (RFC 9112 §6.3): Holdfast reads the chunks and ends the connection, others trust it or fail",
  },
  {
    systems: ["jdk", "jdkHttpClient", "apacheHttpClient4", "okHttp", "curl", "nginxUpstream"],
    cases: /two Content-Length lines that differ$/,
    instead: REFUSED,
    reason: "lengths that differ are an error (RFC 9112 §6.3), whichever of them a system takes",
  },
  {
    systems: ["nodeAgent", "undici"],
    cases: /two equal Content-Length lines$/,
    instead: KEPT,
    reason:
      "RFC 9112 §6.3 lets a client take equal lengths for one, as Holdfast does; the system fails the request",
  },
  {
    systems: ["apacheHttpClient5"],
    cases: /two equal Content-Length lines$/,
    instead: ENDED,
    reason: "RFC 9112 §6.3 lets a client take equal lengths for one, as Holdfast does; 5.2 fails the request",
  },
  {
    systems: ["apacheHttpClient4", "jdkHttpClient", "okHttp", "nginxUpstream"],
    cases: /a length that is no number$/,
    instead: REFUSED,
    reason: "a length that is no number is an error at once (RFC 9112 §6.3): the system guesses, or waits",
  },
  {
    systems: [...BLIND, "jdkHttpClient", "nodeAgent", "undici"],
    cases: /(junk|CR LF) behind the body$/,
    instead: ENDED,
    reason:
      "bytes behind a response end the connection, and nothing else: no later response is mixed up with them",
  },
  {
    systems: ["jdk", "okHttp", "nginxUpstream"],
    cases: /103, then 200$/,
    instead: KEPT,
    reason:
      "the system fails on a 103, or takes it for the response, where RFC 9110 §15.2 tells a client to read on",
  },
  {
    systems: ["jdk", "curl", "chrome"],
    cases: /closed after half a head$/,
    instead: FAILED_ONCE,
    reason: "the system takes half a head for a complete response; a truncated response is an error here",
  },
  {
    systems: ["jdk"],
    cases: /closed after half a body$/,
    instead: FAILED_ONCE,
    reason: "the system takes a body that was cut short for a complete one; here it is an error",
  },
];

const idle: readonly Disagreement[] = [
  {
    systems: [...BLIND, "curl"],
    cases: /(a byte|a response|a 408) .*(body|asked for)$/,
    instead: ENDED,
    reason:
      "the system hands what came on an idle connection to the next request as its response (response desynchronisation); here any byte ends the connection",
  },
  {
    systems: BLIND,
    cases: /closed a moment after the body$/,
    instead: ENDED,
    reason:
      "the system sends on a connection that has a FIN waiting, and once more then; Holdfast has seen the FIN",
  },
  {
    systems: ["jdk"],
    cases: /timeout of a later response/,
    instead: /· 3 B → 200$/,
    reason:
      "the system gives all connections of an origin the idle time of the first; here the last response counts",
  },
  {
    systems: ["jdk"],
    cases: /later response without it/,
    instead: /· 3 A → 200$/,
    reason:
      "the system gives all connections of an origin the idle time of the first; here the last response counts",
  },
  {
    systems: ["nginxUpstream"],
    cases: /2 s of lifetime/,
    instead: /^1 A → 200 · 2 A → 200 · 3 A → 200 · 4 B → 200$/,
    reason:
      "the system looks at the age only when a connection comes back; Holdfast also before it is used again",
  },
  {
    systems: ["undici7"],
    cases: /2 s of lifetime/,
    instead: /^1 A → 200 · 2 A → 200 · 3 A → 200 · 4 B → 200$/,
    reason:
      "when a connection has reached its lifetime, the system closes the next one, too, behind its first response",
  },
  {
    systems: ["bunFetch"],
    cases: /^pool: (of (two|three) idle|ten requests|seven idle|three idle)/,
    instead: /^(\d+ [A-J] → 200( · |$))+$/,
    reason:
      "the system takes the lowest of its slots, which are filled as connections come free; here it is the one opened first",
  },
];

const retries: readonly Disagreement[] = [
  {
    systems: ["denoFetch", "bunFetch", "okHttp", "nginxUpstream"],
    cases: /reused connection, closed after half a head$/,
    instead: FAILED_ONCE,
    reason:
      "the system sends again when part of a response has come; the server has then executed the request",
  },
];

const servers: readonly Disagreement[] = [
  {
    systems: ["nodeServer"],
    cases: /^requests: the last of/,
    instead: /max=4 · 200 connection: close · closed after 0\.\d s$/,
    reason:
      "after its last response the system waits, and answers 503 to what comes; here the connection is closed",
  },
  {
    systems: ["nginx", "haproxy"],
    cases: /^idle: (after a request of HTTP\/1\.0 that asked|HTTP\/1\.0, keep-alive)$/,
    instead: /^200 connection: keep-alive keep-alive: timeout=1 · (stays open|closed after [1-3]\.\d s)$/,
    reason:
      "on HTTP/1.0 Node writes a Keep-Alive of its own where there is none; so the middleware names the true time",
  },
  {
    systems: ["tomcat", "httpd"],
    cases: /^idle: after (one request|three requests|a request of HTTP\/1\.0)/,
    instead: /closed after [2-4]\.\d s$/,
    reason:
      "the system closes when the announced time is over; the middleware a second later, so that nobody's last request meets the FIN",
  },
  {
    systems: ["nginx"],
    cases: /^announced: closes by the real time/,
    instead: /timeout=7 · stays open$/,
    reason:
      "the system breaks its word when it announces more than it keeps; the middleware keeps what it announces",
  },
];

const disagreements: readonly Disagreement[] = [...framing, ...idle, ...retries, ...servers];

/** Why this case may differ as it does, if that is known, for a system of any of these names. */
export function excuse(names: readonly string[], plan: string, ours: string): Disagreement | undefined {
  return disagreements.find(
    ({ systems, cases, instead }) =>
      (systems === "all" || names.some((name) => systems.includes(name))) &&
      cases.test(plan) &&
      instead.test(ours),
  );
}
