/** Measure: runs the experiments in one browser. */

import { mkdtempSync, rmSync } from "node:fs";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { chromium } from "playwright-core";
import { executablePath } from "../browser/browser.ts";
import { experiments, type Measured } from "./experiments.ts";

/** The version of the browser, and what was found. */
export interface ChromeReport {
  readonly version: string;
  readonly rows: readonly Measured[];
}

/**
 * The background services of the browser are off, because their connections would count, and so is the check of certificates.
 * Field trials are off as well: they may change numbers from one installation to the next.
 */
const FLAGS = [
  "--no-sandbox",
  "--disable-dev-shm-usage",
  "--disable-background-networking",
  "--disable-field-trial-config",
  "--ignore-certificate-errors",
  "--no-proxy-server",
];

/** Runs the experiments: the quick ones one after the other, then all that wait, side by side. */
export async function measureChrome(quick: boolean): Promise<ChromeReport> {
  // A profile of its own: without one the browser is incognito, and opens no connection before it is needed.
  const profile = mkdtempSync(join(tmpdir(), "holdfast-chrome-"));
  const options = { ...(executablePath && { executablePath }), args: [...FLAGS], timeout: 60_000 };
  const context = await chromium.launchPersistentContext(profile, { ...options, ignoreHTTPSErrors: true });
  const blank = createServer((_, response) => response.end("<!doctype html><title>chrome</title>"));
  await new Promise<void>((resolve) => blank.listen(0, "127.0.0.1", resolve));
  try {
    const page = await context.newPage();
    await page.goto(`http://127.0.0.1:${(blank.address() as AddressInfo).port}/`);
    const rows: Measured[] = [];
    for (const { waits, run } of experiments) if (!waits) rows.push(...(await run(page)));
    const waiting = quick ? [] : experiments.filter(({ waits }) => waits);
    rows.push(...(await Promise.all(waiting.map(({ run }) => run(page)))).flat());
    return { version: context.browser()?.version() ?? "?", rows };
  } finally {
    await context.close();
    blank.closeAllConnections();
    blank.close();
    rmSync(profile, { recursive: true, force: true, maxRetries: 30, retryDelay: 100 });
  }
}
