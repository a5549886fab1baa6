/** Probing: reads and checks the options by which peers that are gone are found: the kernel's probes, and HTTP/2's pings. */

import { type Duration, toMs } from "../contract/duration.ts";
import type { TcpKeepAlive } from "../contract/transport.ts";
import { deadlineMs, flag, refuseUnknown, show } from "./checks.ts";
import type { PingOptions, TcpKeepAliveOptions } from "./options.ts";

/** The pings of HTTP/2 connections, in ms. */
export interface PingSetting {
  readonly intervalMs: number;
  readonly timeoutMs: number;
  readonly whileIdle: boolean;
}

/** Go's `PingTimeout` is 15 s; hyper and .NET wait 20 s. */
const PING_TIMEOUT = "20s";

/** @throws {TypeError | RangeError} that names the option. */
export function pingSettingOf(value: false | PingOptions): PingSetting | undefined {
  if (value === false) return undefined;
  if (typeof value !== "object" || value === null) {
    throw new TypeError(
      `ping must be false or an object such as { interval: "30s" }: current value is ${show(value)}`,
    );
  }
  refuseUnknown(value, { interval: 0, timeout: 0, whileIdle: 0 }, "ping option");
  const { interval, timeout = PING_TIMEOUT, whileIdle = false } = value;
  const intervalMs = toMs(interval, "ping.interval");
  if (intervalMs < 1000)
    throw new RangeError(`ping.interval must be from "1s": current value is ${show(interval)}`);
  return {
    intervalMs,
    timeoutMs: deadlineMs(timeout, "ping.timeout"),
    whileIdle: flag(whileIdle, "ping.whileIdle"),
  };
}

/** @throws {TypeError | RangeError} that names the option. */
export function tcpKeepAliveOf(value: false | TcpKeepAliveOptions): TcpKeepAlive | false {
  if (value === false) return false;
  if (typeof value !== "object" || value === null) {
    throw new TypeError(
      `tcpKeepAlive must be false or an object such as { idle: "60s" }: current value is ${show(value)}`,
    );
  }
  refuseUnknown(value, { idle: 0, interval: 0, probes: 0 }, "tcpKeepAlive option");
  const { probes } = value;
  if (probes !== undefined && !(Number.isInteger(probes) && probes >= 1 && probes <= 127)) {
    throw new RangeError(
      `tcpKeepAlive.probes must be a whole number from 1 to 127: current value is ${show(probes)}`,
    );
  }
  return {
    idleMs: kernelSeconds(value.idle, "tcpKeepAlive.idle"),
    intervalMs: kernelSeconds(value.interval, "tcpKeepAlive.interval"),
    probes,
  };
}

/**
 * Linux accepts 1 to 32767 whole seconds (tcp(7)). Less than one second would be rounded to 0, which means the kernel's
 * default of 2 h.
 */
function kernelSeconds(value: Duration | undefined, option: string): number | undefined {
  if (value === undefined) return undefined;
  const ms = toMs(value, option);
  if (ms >= 1000 && ms <= 32_767_000) return ms;
  throw new RangeError(`${option} must be from "1s" to "32767s": current value is ${show(value)}`);
}
