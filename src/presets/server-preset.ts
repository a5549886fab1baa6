/** Server presets: limits and announcements that make a server treat its connections as another system does. */

import { PRESET } from "../rules/preset-info.ts";
import {
  ANNOUNCER,
  type AnnouncedFacts,
  type Announcement,
  type Announcer,
  type ServerPreset,
} from "../rules/server-side.ts";
import type { SystemInfo } from "./client-preset.ts";

/** The limits of a server, without its announcements. */
export type ServerLimits = Omit<ServerPreset, typeof ANNOUNCER | typeof PRESET>;

/** Makes a preset of limits and an announcer. */
export function serverPreset<T extends ServerLimits>(
  system: SystemInfo,
  limits: T,
  announcer: Announcer,
): T & ServerPreset {
  const streams = system.http2 === undefined ? {} : { maxStreams: system.http2.maxStreams };
  const all = { ...streams, ...limits };
  return { ...all, [ANNOUNCER]: announcer, [PRESET]: { ...system, options: all } };
}

/**
 * Envoy, HAProxy: announces only what HTTP/1.1 does not imply, that an HTTP/1.0 connection is kept and that one ends.
 */
export const onlyWhereNeeded: Announcer = ({ last, minorVersion }: AnnouncedFacts): Announcement => {
  if (last) return { connection: "close" };
  return minorVersion === 0 ? { connection: "keep-alive" } : {};
};

/** Whole seconds, rounded down as servers do: 999 ms are announced as 0. */
export function wholeSeconds(ms: number): number {
  return Math.floor(ms / 1000);
}
