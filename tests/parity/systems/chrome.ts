/** Chrome: headless Chromium, with a page that calls `fetch` for each request of a case. */

import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import type { Browser, Page } from "playwright-core";
import { type Missing, type Program, urlOf, walk } from "../program.ts";
import { BODY } from "../programs/protocol.ts";
import type { System } from "./system.ts";
import { find } from "./tools.ts";

export const chrome: System = {
  name: "chrome",
  title: "Chromium",
  can: ["together", "methods", "origins"],
  widest: 6,
  atOnce: 24,
  closesLate: "it looks at idle connections when it wants one",
  start,
};

/** Cases at a time. They share one limit of 256 connections. */
const CONTEXTS = 4;
const PATIENCE_MS = 6000;
const START_MS = 60_000;

async function start(): Promise<Program | Missing> {
  const executablePath = find("chromium") ?? find("chromium-browser") ?? find("google-chrome");
  if (executablePath === undefined) return { missing: "no Chromium: apt-get install chromium" };
  const { chromium } = await import("playwright-core");
  // Turns off CORS, which is not tested here.
  const args = ["--no-sandbox", "--disable-web-security", "--disable-background-networking"];
  const browser = await chromium.launch({ executablePath, args, timeout: START_MS });
  const blank = createServer((_, response) => response.end("<!doctype html><title>parity</title>"));
  await new Promise<void>((resolve) => blank.listen(0, "127.0.0.1", resolve));
  const pages = await openPages(browser, `http://127.0.0.1:${(blank.address() as AddressInfo).port}/`);
  let turn = 0;
  return {
    version: `Chromium ${browser.version()}`,
    async run({ steps }, origins, over) {
      const page = pages[turn++ % pages.length] as Page;
      const results = await walk(steps, (number, request) =>
        send(page, request.method, urlOf(origins, number, request)),
      );
      await over();
      return results;
    },
    async close() {
      await browser.close();
      blank.closeAllConnections();
      blank.close();
    },
  };
}

async function openPages(browser: Browser, address: string): Promise<Page[]> {
  const open = async (): Promise<Page> => {
    const page = await (await browser.newContext()).newPage();
    await page.goto(address, { timeout: START_MS });
    return page;
  };
  return await Promise.all(Array.from({ length: CONTEXTS }, open));
}

async function send(page: Page, method: string, url: string): Promise<string> {
  const body = method === "POST" || method === "PUT" ? BODY : null;
  return await page.evaluate(
    async ({ method, url, body, ms }) => {
      try {
        const signal = AbortSignal.timeout(ms);
        const response = await fetch(url, { method, body, cache: "no-store", redirect: "manual", signal });
        await response.arrayBuffer();
        return String(response.status);
      } catch {
        return "failed";
      }
    },
    { method, url, body, ms: PATIENCE_MS },
  );
}
