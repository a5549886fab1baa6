/** Protocol: the messages between the measurement and its client processes. */

export const CLIENTS = ["holdfast", "built-in"] as const;
export type ClientName = (typeof CLIENTS)[number];

export const BODIES = ["form", "blob"] as const;
export type BodyName = (typeof BODIES)[number];

/** What a client prints, as JSON. */
export interface Report {
  /** Resident memory at its peak, minus what was resident when the Blob existed. */
  readonly peakMebibytes: number;
  readonly elapsedMs: number;
}
