/**
 * The language of the parity cases. A case says what the client is asked to do, and what the server does at each
 * request. The recorder is the server. Every client, a real program or Holdfast, gets the same steps.
 */

/** One action of the server in answer to a request. */
export type Act =
  /** Sends these bytes. */
  | string
  | { readonly pause: number }
  /** Waits until so many requests of the case have arrived, so that they are in flight at the same time. */
  | { readonly gather: number }
  /** Closes with a FIN, or with an RST. */
  | "fin"
  | "reset";

/** All actions of the server in answer to one request. */
export type Answer = readonly Act[];

export type Method = "GET" | "HEAD" | "POST" | "PUT" | "DELETE";

export interface Request {
  readonly method: Method;
  /** Index of the case's origin. @default 0 */
  readonly origin?: number;
  /** The answers to the first arrival of the request, the second one, and so on. The last answer is repeated. */
  readonly answers: readonly Answer[];
}

/** One action of the client. The next one follows when it is done. */
export type Step = { readonly together: readonly Request[] } | { readonly wait: number };

/** Time between two requests that are sent together. It fixes their order, and is too short for an answer. */
export const STAGGER_MS = 40;

/** Settings of a client that make a case short. Each system has its own names for them. */
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

/** A requirement of a case. Only systems that meet it run the case. */
export type Trait = keyof Tune | "together" | "methods" | "origins";

export interface Case {
  readonly name: string;
  /** Names of the systems that run it. @default all */
  readonly only?: readonly string[];
  readonly tune?: Tune;
  /** Number of origins. @default 1 */
  readonly origins?: number;
  readonly steps: readonly Step[];
}

export function request(method: Method, ...answers: readonly Answer[]): Step {
  return { together: [{ method, answers }] };
}

export function get(...answers: readonly Answer[]): Step {
  return request("GET", ...answers);
}

/** A GET to one of several origins, by index. */
export function getFrom(origin: number, ...answers: readonly Answer[]): Step {
  return { together: [{ method: "GET", origin, answers }] };
}

export function wait(ms: number): Step {
  return { wait: ms };
}

/** GETs at the same time, one for each answer. */
export function together(...answers: readonly Answer[]): Step {
  return { together: answers.map((answer) => ({ method: "GET", answers: [answer] })) };
}

/** The requests of a case in order. Request number 1 has the path `/1`. */
export function requestsOf({ steps }: Case): readonly Request[] {
  return steps.flatMap((step) => ("together" in step ? step.together : []));
}

/** Whether the result depends on time, so that a stalled machine can change it. */
export function isTimed({ steps }: Case): boolean {
  return steps.some((step) => "wait" in step);
}

/** The largest number of requests in flight at the same time. */
export function widthOf({ steps }: Case): number {
  return Math.max(...steps.map((step) => ("together" in step ? step.together.length : 0)));
}

/** What a system must support to run a case. */
export function traitsOf(plan: Case): Trait[] {
  const { steps, tune = {}, origins = 1 } = plan;
  const traits = Object.keys(tune) as Trait[];
  if (widthOf(plan) > 1) traits.push("together");
  if (origins > 1) traits.push("origins");
  if (steps.some((step) => "together" in step && step.together.some(({ method }) => method !== "GET")))
    traits.push("methods");
  return traits;
}
