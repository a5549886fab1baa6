/** The preset for Chrome beside what was measured of a real one: docs/chrome.md. */

import { readFileSync } from "node:fs";
import { describe, it } from "node:test";
import { assertEquals } from "@std/assert";
import { sendsAgain } from "../../src/cli/idle-comparison.ts";
import { resolveOptions } from "../../src/options/resolve.ts";
import { chrome } from "../../src/presets/chrome.ts";
import { PRESET } from "../../src/rules/preset-info.ts";

const rows = new Map(
  readFileSync(new URL("../../docs/chrome.md", import.meta.url), "utf8")
    .split("\n")
    .filter((line) => line.startsWith("| "))
    .map((line) => line.split("|").map((cell) => cell.trim()))
    .map(([, question = "", found = ""]) => [question, found] as const),
);

function found(question: string): string {
  const text = rows.get(question);
  if (text === undefined) throw new Error(`docs/chrome.md has no row "${question}"`);
  return text;
}

function numbers(question: string): number[] {
  return [...found(question).matchAll(/\d+(?:\.\d+)?/g)].map(([text]) => Number(text));
}

function isBetween(question: string, ms: number): boolean {
  const [least = NaN, most = NaN] = numbers(question);
  return least * 1000 <= ms && ms <= most * 1000;
}

describe("the preset for Chrome follows what was measured", () => {
  const { rules, tcpKeepAlive, limits: _, ...settings } = resolveOptions(chrome());

  it("idle limits, used and unused", () => {
    assertEquals(isBetween("idle limit of a connection that had one", rules.idleTimeoutMs), true);
    assertEquals(
      isBetween("idle limit of a connection that had no request", rules.unusedIdleTimeoutMs),
      true,
    );
  });

  it("connections of an origin, and the least that there may be in all", () => {
    const [perOrigin] = numbers("connections to one origin at a time");
    const inAll = numbers("connections in all at a time").slice(0, -1);
    const { maxConnectionsPerOrigin, maxConnections } = chrome();
    assertEquals(perOrigin, maxConnectionsPerOrigin);
    assertEquals(
      inAll.every((count) => count >= Number(maxConnections) && count <= 2 * Number(maxConnections)),
      true,
    );
  });

  it("what is sent again", () => {
    for (const method of ["GET", "POST"] as const) {
      const isResent = found(`${method} on a reused connection that ends without an answer`).includes(
        "2 times",
      );
      assertEquals(sendsAgain(chrome(), method), isResent);
    }
  });

  it("probes of the kernel, and PING", () => {
    const [seconds = NaN] = numbers("TCP keepalive: first probe after");
    assertEquals(tcpKeepAlive === false ? 0 : tcpKeepAlive.idleMs, seconds * 1000);
    const ping = chrome()[PRESET].http2?.ping;
    if (ping === undefined || ping === false) throw new Error("The preset has no PING");
    assertEquals(isBetween("HTTP/2: PING with a request after a silence", ping.intervalMs), true);
    const [, took = NaN] = numbers("HTTP/2: a request on a connection that is silently dead");
    assertEquals(Math.abs(took * 1000 - (ping.timeoutMs ?? 0)) < 1000, true);
    assertEquals(settings.hints, "ignore");
  });
});
