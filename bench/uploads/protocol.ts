/** Protocol: what the measurement and its client processes say to each other. */

export const CLIENTS = ["holdfast", "built-in"] as const;
export type ClientName = (typeof CLIENTS)[number];

export const BODIES = ["form", "blob"] as const;
export type BodyName = (typeof BODIES)[number];

/** What a client prints, as JSON. */
export interface Report {
  /** Resident memory at its peak, beyond what was resident when the Blob was there. */
  readonly peakMebibytes: number;
  readonly elapsedMs: number;
}
