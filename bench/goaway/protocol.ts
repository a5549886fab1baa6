/** Protocol: what the processes of the GOAWAY torture tell each other, one line of JSON per message. */

/** To a client process, as its argument. */
export interface Launch {
  readonly client: string;
  /** Names the run in each request's path, so that an origin's log can tell runs apart. */
  readonly run: string;
  readonly port: number;
  readonly requests: number;
  /** How many requests run at the same time. */
  readonly together: number;
}

/** From a client process, when it is done. */
export interface Outcome {
  readonly right: number;
  readonly failedGets: number;
  readonly failedPosts: number;
  readonly wrong: number;
  readonly hung: number;
  readonly elapsedMs: number;
  /** Failures by code. */
  readonly errors: Readonly<Record<string, number>>;
}

/** To an origin that is a process of ours. */
export type Ask = { readonly ask: "turn-to"; readonly run: string } | { readonly ask: "seen" };

/** What an origin saw of one run. */
export interface Seen {
  /** Requests that it executed. */
  readonly executed: number;
  /** POSTs that it executed more than once. */
  readonly twice: number;
  readonly connections: number;
}

/** The path of a request, which names it. */
export function pathOf(run: string, index: number): string {
  return `/${run}/${index}`;
}

/** Every second request is a POST. */
export function isPost(index: number): boolean {
  return index % 2 === 1;
}
