/** Server preset: limits and words by which a server of ours treats its connections as another system does. */

import { PRESET } from "../rules/preset-info.ts";
import {
  ANNOUNCER,
  type AnnouncedFacts,
  type Announcement,
  type Announcer,
  type ServerPreset,
} from "../rules/server-side.ts";
import type { SystemInfo } from "./client-preset.ts";

/** Limits of a server, without what it says about them. */
export type ServerLimits = Omit<ServerPreset, typeof ANNOUNCER | typeof PRESET>;

/** A preset of these limits. */
export function serverPreset<T extends ServerLimits>(
  note: SystemInfo,
  limits: T,
  announcer: Announcer,
): T & ServerPreset {
  return { ...limits, [ANNOUNCER]: announcer, [PRESET]: { ...note, options: limits } };
}

/** Says nothing where HTTP/1.1 needs no word: only that a 1.0 connection is kept, and that a connection ends (Envoy, HAProxy). */
export const onlyWhereNeeded: Announcer = ({ last, minorVersion }: AnnouncedFacts): Announcement => {
  if (last) return { connection: "close" };
  return minorVersion === 0 ? { connection: "keep-alive" } : {};
};

/** Whole seconds, cut off as servers do it: 999 ms are announced as 0. */
export function wholeSeconds(ms: number): number {
  return Math.floor(ms / 1000);
}
