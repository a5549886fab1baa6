/**
 * Schedule: the language of the parity cases. A case says what a client is asked to do and what the server does at
 * each request; the recorder plays the server, and every client, a real program or Holdfast, gets the same words.
 */

/** One thing that the server does, in answer to a request. */
export type Act =
  /** Sends these bytes. */
  | string
  | { readonly pause: number }
  /** Goes on when so many requests of the case have arrived: what is sent together is then in flight together. */
  | { readonly gather: number }
  /** Closes in order (FIN), or not (RST). */
  | "fin"
  | "reset";

/** All that the server does in answer to one request. */
export type Answer = readonly Act[];

export type Method = "GET" | "HEAD" | "POST" | "PUT" | "DELETE";

export interface Request {
  readonly method: Method;
  /** Which of the case's origins it goes to; the first without. */
  readonly origin?: number;
  /** The answer to the first arrival, to the second one …; the last of them to all that follow. */
  readonly answers: readonly Answer[];
}

/** One thing that the client is asked to do; the next one follows when it is done. */
export type Step = { readonly together: readonly Request[] } | { readonly wait: number };

/** Between two requests that are sent together: so their order is no matter of chance, and none is answered yet. */
export const STAGGER_MS = 40;

/** What can be set at a client to make a case short. Each system has its own name for it. */
export interface Tune {
  readonly idleTimeoutMs?: number;
  readonly maxIdlePerOrigin?: number;
  readonly maxConnectionsPerOrigin?: number;
  /** Idle connections of all origins together. */
  readonly maxIdle?: number;
  /** Connections of all origins together. */
  readonly maxConnections?: number;
  readonly maxLifetimeMs?: number;
  readonly maxRequests?: number;
}

/** A word that decides for which systems a case is. */
export type Trait = keyof Tune | "together" | "methods" | "origins";

export interface Case {
  readonly name: string;
  /** Names of the systems it is for; all of them without. */
  readonly only?: readonly string[];
  readonly tune?: Tune;
  /** How many origins there are, if more than one. */
  readonly origins?: number;
  readonly steps: readonly Step[];
}

export function request(method: Method, ...answers: readonly Answer[]): Step {
  return { together: [{ method, answers }] };
}

export function get(...answers: readonly Answer[]): Step {
  return request("GET", ...answers);
}

/** A GET that goes to one of several origins, from 0. */
export function getFrom(origin: number, ...answers: readonly Answer[]): Step {
  return { together: [{ method: "GET", origin, answers }] };
}

export function wait(ms: number): Step {
  return { wait: ms };
}

/** GETs at the same time, one with each answer. */
export function together(...answers: readonly Answer[]): Step {
  return { together: answers.map((answer) => ({ method: "GET", answers: [answer] })) };
}

/** The requests of a case in order; number 1 is asked for as `/1`. */
export function requestsOf({ steps }: Case): readonly Request[] {
  return steps.flatMap((step) => ("together" in step ? step.together : []));
}

/** Whether the outcome hangs on time: a machine that stood still may be forgiven once. */
export function isTimed({ steps }: Case): boolean {
  return steps.some((step) => "wait" in step);
}

/** The most requests that are in flight together. */
export function widthOf({ steps }: Case): number {
  return Math.max(...steps.map((step) => ("together" in step ? step.together.length : 0)));
}

/** What a system must be able to do for a case. */
export function traitsOf(plan: Case): Trait[] {
  const { steps, tune = {}, origins = 1 } = plan;
  const traits = Object.keys(tune) as Trait[];
  if (widthOf(plan) > 1) traits.push("together");
  if (origins > 1) traits.push("origins");
  if (steps.some((step) => "together" in step && step.together.some(({ method }) => method !== "GET")))
    traits.push("methods");
  return traits;
}
