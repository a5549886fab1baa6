/** Protocol: one line of JSON per message between the torture's processes. */

/** To the server. */
export type Ask = { readonly ask: "turn-to"; readonly size: number } | { readonly ask: "report" };

/** From the server, when it listens: one port per profile. */
export interface Ready {
  readonly ports: readonly number[];
}

/** From the server: its records. Arrays are encoded as base64. */
export interface Report {
  readonly executions: string;
  readonly fates: string;
  /** Sockets that are open now. */
  readonly open: number;
  readonly connections: number;
  readonly requests: number;
}

/** To a client process, as its argument. */
export interface Launch {
  readonly client: string;
  /** Sent to the server with each request. */
  readonly number: number;
  readonly ports: readonly number[];
  readonly requests: number;
  readonly seed: number;
}

/** From a client process. */
export type ClientMessage =
  | { readonly sent: number }
  | {
      readonly outcomes: string;
      readonly elapsedMs: number;
      /** Failures by code. */
      readonly errors: Readonly<Record<string, number>>;
      /** The first wrong responses, for people. */
      readonly samples: readonly string[];
      readonly closes: boolean;
    };

/** How a request ended, as its client reports. */
export const OUTCOME = { none: 0, right: 1, wrong: 2, failed: 3, hung: 4 } as const;

export function toBase64(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString("base64");
}

export function fromBase64(text: string): Uint8Array {
  return new Uint8Array(Buffer.from(text, "base64"));
}
