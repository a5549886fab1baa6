/** HTTP/2 text: how a preset's system uses HTTP/2, in words, for the command and the documentation. */

import { formatMs } from "../contract/duration.ts";
import type { Http2Info, Http2PingInfo } from "../rules/preset-info.ts";

/** What a system does over HTTP/2, as pairs of a word and its value. */
export function http2Rows(info: Http2Info): [string, string][] {
  const { whenFull, ending, source } = info;
  return [
    ["streams", streamsOf(info)],
    ...(whenFull === undefined ? [] : [["when full", whenFull] as [string, string]]),
    ["PING", pingOf(info)],
    ["windows", windowsOf(info)],
    [whenFull === undefined ? "ends" : "sent again", ending],
    ["source", source],
  ];
}

/** How many streams at a time. */
export function streamsOf({ maxStreams, whenFull }: Http2Info): string {
  if (maxStreams !== Infinity) return String(maxStreams);
  return whenFull === undefined ? "no limit" : "as the server says";
}

const WHEN: Readonly<Record<Http2PingInfo["when"], (interval: string) => string>> = {
  always: (interval) => `every ${interval}`,
  "with requests": (interval) => `every ${interval} while requests run`,
  "before a request": (interval) => `with a request after ${interval} of silence`,
};

/** When it sends PING. */
export function pingOf({ ping }: Http2Info): string {
  if (ping === false) return "off";
  const { intervalMs, timeoutMs, when } = ping;
  const answer = timeoutMs === undefined ? "" : `, ${formatMs(timeoutMs)} to answer`;
  return `${WHEN[when](formatMs(intervalMs))}${answer}`;
}

/** The receive windows of a stream and of the connection. */
export function windowsOf({ streamWindow, connectionWindow }: Http2Info): string {
  return `${sizeOf(streamWindow)}, ${sizeOf(connectionWindow)}`;
}

const KIB = 1024;
const UNITS = ["B", "KiB", "MiB", "GiB"] as const;

/** A size in the largest unit that it nearly fills: 2^31 - 1 is 2 GiB, 65,535 is 64 KiB. */
export function sizeOf(bytes: number): string {
  const power = Math.min(UNITS.length - 1, Math.floor(Math.log(bytes + 1) / Math.log(KIB)));
  return `${Math.round(bytes / KIB ** power)} ${UNITS[power]}`;
}
