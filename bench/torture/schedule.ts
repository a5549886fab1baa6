/** Schedule: derives each request from a seed and its number alone, so that every client and the judge agree. */

import { Prng } from "../../tests/support/prng.ts";
import { type Fault, PROFILES, type Profile } from "./faults.ts";

export type Method = "GET" | "PUT" | "DELETE" | "POST";

export interface Planned {
  /** The index in {@linkcode PROFILES}. */
  readonly profile: number;
  readonly method: Method;
  /** The length of the request body; 0 for GET and DELETE. */
  readonly bodyBytes: number;
  /** The least length of the response body. */
  readonly answerBytes: number;
  readonly fault: Fault;
  readonly delayMs: number;
  /** The pause before the lane's next request. */
  readonly pauseMs: number;
}

const METHODS: Readonly<Record<Method, number>> = { GET: 46, PUT: 8, DELETE: 4, POST: 42 };
/** How long a lane waits for an unsolicited response, so that the connection is idle when it comes. */
const STRAY_PAUSE_MS = 120;

/** Request `index` of a run. */
export function plan(seed: number, index: number): Planned {
  const choose = new Prng(Math.imul(index + 1, 0x9e3779b1) ^ seed);
  const at = profileAt(choose.next());
  const profile = PROFILES[at] as Profile;
  const method = choose.weighted(profile.uploads === true ? { ...METHODS, GET: 20, POST: 60 } : METHODS);
  const fault = choose.weighted(profile.faults as Readonly<Record<Fault, number>>);
  const hasBody = method === "POST" || method === "PUT";
  const bodyBytes = hasBody ? bodySize(choose, profile, fault) : 0;
  const answerBytes = choose.oneIn(20) ? 20_000 : choose.below(600);
  // FIN comes at once or a moment later. The later it comes, the more likely it crosses a request.
  const delayMs = fault === "stray-idle" ? 3 : choose.below(4);
  const pauses = profile.pauseOneIn !== undefined && choose.oneIn(profile.pauseOneIn);
  const aroundMs = pauses ? (profile.limitMs ?? 0) * (0.6 + 0.8 * choose.next()) : 0;
  const pauseMs = fault === "stray-idle" ? STRAY_PAUSE_MS : aroundMs;
  return { profile: at, method, bodyBytes, answerBytes, fault, delayMs, pauseMs };
}

function profileAt(number: number): number {
  let left = number;
  const found = PROFILES.findIndex(({ share }) => {
    left -= share;
    return left < 0;
  });
  return Math.max(0, found);
}

function bodySize(choose: Prng, { uploads }: Profile, fault: Fault): number {
  if (fault.startsWith("early-")) return 100_000 + choose.below(200_000);
  return uploads === true ? 1000 + choose.below(30_000) : 10 + choose.below(300);
}

/** RFC 9110 §9.2.2. */
export function isIdempotent(method: Method): boolean {
  return method !== "POST";
}

/** The only right response: the request's number, and how much of its body arrived. */
export function rightAnswer(client: number, index: number, bodyBytes: number, answerBytes: number): string {
  return `${client}-${index}:${bodyBytes}:`.padEnd(answerBytes, "a");
}

/** The request's path, which contains everything that the server needs. */
export function pathOf(client: number, index: number, planned: Planned): string {
  const { fault, delayMs, answerBytes } = planned;
  return `/${client}/${index}/${fault}/${delayMs}/${answerBytes}`;
}
