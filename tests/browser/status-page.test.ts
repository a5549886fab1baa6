/**
 * The status page in a real browser: with ten and with a thousand connections, in dark and light mode, by keyboard and
 * screen reader, behind authentication, and under its own content security policy. It must show nothing secret.
 */

import { mkdirSync } from "node:fs";
import { after, afterEach, before, describe, it } from "node:test";
import { fileURLToPath } from "node:url";
import { assert, assertEquals, assertLess } from "@std/assert";
import axe from "axe-core";
import type { Hono } from "hono";
import { secureHeaders } from "hono/secure-headers";
import type { Browser, Page } from "playwright-core";
import { launch, noBrowser } from "./browser.ts";
import { OPERATOR, SECRET, type Site, startSite as start } from "./site.ts";

/** The folder for screenshots. CI keeps them, and git ignores them. */
const SHOTS = fileURLToPath(new URL("../../.cache/status-page/", import.meta.url));

/** Long enough for a loaded CI machine. A working page needs a fraction of it. */
const PATIENCE_MS = 60_000;

/** Closed after each test, even a failed one, because an open server would keep the process alive. */
const sites: Site[] = [];

async function startSite(count: number, outer?: (app: Hono) => unknown): Promise<Site> {
  const site = await start(count, outer);
  sites.push(site);
  return site;
}

/** Opens the page, and records errors, warnings and requests to other origins. */
async function open(browser: Browser, site: Site): Promise<{ page: Page; complaints: string[] }> {
  const viewport = { width: 1280, height: 900 };
  const page = await browser.newPage({ viewport, colorScheme: "light", httpCredentials: OPERATOR });
  page.setDefaultTimeout(PATIENCE_MS);
  const complaints: string[] = [];
  page.on("console", (message) => {
    if (["error", "warning"].includes(message.type())) complaints.push(message.text());
  });
  page.on("pageerror", (error) => complaints.push(String(error)));
  page.on("request", (request) => {
    const { origin, protocol } = new URL(request.url());
    if (protocol !== "data:" && origin !== new URL(site.url).origin)
      complaints.push(`It requested ${request.url()}`);
  });
  await page.goto(site.url);
  await page.waitForFunction(() => document.getElementById("status")?.textContent === "Live");
  return { page, complaints };
}

const rowCount = (page: Page) => page.getAttribute("#grid", "aria-rowcount").then(Number);

function waitForRows(page: Page, rows: number): Promise<unknown> {
  const isThere = (wanted: number) =>
    document.getElementById("grid")?.getAttribute("aria-rowcount") === String(wanted + 1);
  return page.waitForFunction(isThere, rows);
}

/** Whether a canvas has pixels of a colour of the style sheet. */
function hasColour(page: Page, canvas: string, name: string): Promise<boolean> {
  return page.evaluate(
    ([id, variable]) => {
      const colour = getComputedStyle(document.documentElement).getPropertyValue(`--${variable}`).trim();
      const wanted = [1, 3, 5].map((at) => Number.parseInt(colour.slice(at, at + 2), 16));
      const canvas = document.getElementById(id) as HTMLCanvasElement;
      const { width, height } = canvas;
      // Reads a copy, because reading the page's own canvas would slow it down and print a warning.
      const context = new OffscreenCanvas(width, height).getContext("2d", { willReadFrequently: true });
      context?.drawImage(canvas, 0, 0);
      const pixels = context?.getImageData(0, 0, width, height).data ?? [];
      for (let at = 0; at < pixels.length; at += 4) {
        if (wanted.every((value, channel) => pixels[at + channel] === value) && pixels[at + 3] === 255)
          return true;
      }
      return false;
    },
    [canvas, name] as const,
  );
}

async function waitForColour(page: Page, canvas: string, name: string): Promise<void> {
  const until = Date.now() + PATIENCE_MS;
  while (!(await hasColour(page, canvas, name))) {
    if (Date.now() > until) throw new Error(`#${canvas} never showed --${name}`);
    await page.waitForTimeout(100);
  }
}

/** CPU time in ms that the page's main thread spends during `work`. */
async function scriptMsOf(page: Page, work: () => Promise<unknown>): Promise<number> {
  const session = await page.context().newCDPSession(page);
  await session.send("Performance.enable", { timeDomain: "threadTicks" });
  const spentMs = async (): Promise<number> => {
    const { metrics } = await session.send("Performance.getMetrics");
    const task = metrics.find(({ name }) => name === "TaskDuration");
    assert(task, "the browser has no TaskDuration metric");
    return task.value * 1000;
  };
  const before = await spentMs();
  await work();
  const after = await spentMs();
  await session.detach();
  return after - before;
}

/** The violations that axe finds. It is evaluated by the test, because the page's policy would not load it. */
async function violations(page: Page): Promise<string[]> {
  await page.evaluate(axe.source);
  const found = await page.evaluate(async () => {
    const { violations } = await (window as unknown as { axe: typeof axe }).axe.run();
    return violations.map(({ id, nodes }) => `${id}: ${nodes.map(({ html }) => html).join(" ")}`);
  });
  return found;
}

describe("the status page", { skip: noBrowser, timeout: 5 * PATIENCE_MS }, () => {
  let browser: Browser;

  before(async () => {
    mkdirSync(SHOTS, { recursive: true });
    browser = await launch();
  });

  after(() => browser?.close());
  afterEach(() => Promise.all(sites.splice(0).map((site) => site.close())));

  it("shows live lanes and the reasons for their end, without errors", async () => {
    const site = await startSite(10);
    const { page, complaints } = await open(browser, site);
    assertEquals(await rowCount(page), 1);
    await site.round();
    await waitForRows(page, 10);
    await waitForColour(page, "bars", "answered");
    await waitForColour(page, "bars", "refused");
    await site.round();
    await page.waitForFunction(() => document.getElementById("totals")?.textContent?.includes("Requests20"));
    site.pool.drain("http://origin-3.test");
    await page.waitForFunction(() =>
      document.getElementById("rows")?.textContent?.includes("origin-drained"),
    );
    await page.waitForFunction(() =>
      document.getElementById("reasons")?.textContent?.includes("origin-drained"),
    );
    await page.selectOption("#origin", "http://origin-5.test");
    await waitForRows(page, 1);
    await page.selectOption("#origin", "");
    await page.selectOption("#state", "retired");
    await waitForRows(page, 1);
    await page.selectOption("#state", "");
    await waitForRows(page, 10);
    const origins = await page.textContent("#origins");
    assert(origins?.includes("http://origin-9.test"), origins ?? "");
    await page.screenshot({ path: `${SHOTS}ten-light.png`, fullPage: true });
    await page.emulateMedia({ colorScheme: "dark" });
    await waitForColour(page, "bars", "answered");
    await page.screenshot({ path: `${SHOTS}ten-dark.png`, fullPage: true });
    assertEquals(complaints, []);
    await page.close();
  });

  it("shows a thousand lanes, with elements for the visible ones only", async () => {
    const site = await startSite(1000);
    await site.round();
    const { page, complaints } = await open(browser, site);
    await waitForRows(page, 1000);
    await waitForColour(page, "bars", "answered");
    await waitForColour(page, "overview", "answered");
    assertLess(await page.locator("#rows > *").count(), 60);
    await page.focus("#grid");
    await page.keyboard.press("End");
    await page.waitForFunction(() =>
      document.getElementById("details")?.textContent?.startsWith("Connection 1000 "),
    );
    // Measured in CPU time, so that other processes do not count.
    const frameMs = await scriptMsOf(page, () => page.evaluate(tenFrames));
    assertLess(frameMs / 10, 40, "a frame takes about 2 ms of CPU time on an idle machine");
    await page.screenshot({ path: `${SHOTS}thousand-light.png` });
    await page.check("#compact");
    await page.emulateMedia({ colorScheme: "dark" });
    await waitForColour(page, "bars", "answered");
    await page.screenshot({ path: `${SHOTS}thousand-dark-compact.png` });
    assertEquals(complaints, []);
    await page.close();
  });

  it("keeps the chosen connection and the reason for its end", async () => {
    const site = await startSite(10);
    await site.round();
    const { page } = await open(browser, site);
    await waitForRows(page, 10);
    await page.click("#lane-4");
    await page.selectOption("#state", "open");
    site.pool.drain("http://origin-3.test");
    await waitForRows(page, 9);
    await page.waitForFunction(() => document.getElementById("details")?.textContent?.includes("drain()"));
    const details = await page.textContent("#details");
    assert(details?.includes("Connection 4 to http://origin-3.test") && details.includes("origin-drained"));
    await page.close();
  });

  it("says in words how the pool does, and fits the time to the data", async () => {
    const site = await startSite(20);
    await site.round();
    await site.round();
    const { page } = await open(browser, site);
    await page.waitForFunction(() =>
      document.getElementById("headline")?.textContent?.startsWith("50 % reused: 40 requests"),
    );
    assertEquals(await page.getAttribute("#verdict", "data-tone"), "good");
    await page.close();
  });

  it("is readable on a phone, a laptop and a wide screen, in light and dark", async () => {
    for (const count of [20, 1000]) {
      const site = await startSite(count);
      await site.round();
      const { page, complaints } = await open(browser, site);
      await waitForRows(page, count);
      await site.round();
      for (const [width, height] of [
        [390, 844],
        [1280, 900],
        [1920, 1080],
      ] as const) {
        await page.setViewportSize({ width, height });
        for (const colorScheme of ["light", "dark"] as const) {
          await page.emulateMedia({ colorScheme });
          await waitForColour(page, "bars", "answered");
          await page.screenshot({
            path: `${SHOTS}${count}-${width}-${colorScheme}.png`,
            fullPage: count === 20,
          });
        }
        const cut = await page.evaluate(() => document.documentElement.scrollWidth - innerWidth);
        assertEquals(cut <= 0, true, `${cut} px are cut at ${width}`);
        const timeline = await page.evaluate(() => document.getElementById("bars")?.clientWidth ?? 0);
        assertLess(width / 4, timeline, "a timeline has at least a quarter of the width");
      }
      assertEquals(complaints, []);
      await page.close();
    }
  });

  it("names what an outer content security policy blocks", async () => {
    const site = await startSite(1, (app) =>
      app.use("/_pool/*", secureHeaders({ contentSecurityPolicy: { connectSrc: ["'none'"] } })),
    );
    const page = await browser.newPage({ httpCredentials: OPERATOR });
    await page.goto(site.url);
    await page.waitForFunction(() => document.getElementById("alert")?.textContent?.includes("connect-src"));
    await page.close();
    const blind = await startSite(1, (app) =>
      app.use("/_pool/*", secureHeaders({ contentSecurityPolicy: { scriptSrc: ["'none'"] } })),
    );
    const other = await browser.newPage({ httpCredentials: OPERATOR });
    await other.goto(blind.url);
    await other.waitForSelector(".blocked", { state: "visible" });
    await other.close();
  });

  it("finds a server that has fallen silent, dims what is old, and says from when it is", async () => {
    const site = await startSite(10);
    await site.round();
    const { page } = await open(browser, site);
    // The heartbeat comes in real time; the clock of the page is moved beyond what two of them may take.
    await page.clock.install();
    await page.reload();
    await page.waitForFunction(() => document.getElementById("status")?.textContent === "Live");
    await page.evaluate(recordStatus);
    await page.clock.fastForward(13_000);
    await page.waitForFunction(() => document.body.dataset.said?.startsWith(" Lost, trying again"));
    await page.close();
  });

  it("passes accessibility checks in dark and light mode", async () => {
    const site = await startSite(20);
    await site.round();
    const { page } = await open(browser, site);
    await waitForRows(page, 20);
    site.pool.drain("http://origin-3.test");
    await page.waitForFunction(() =>
      document.getElementById("reasons")?.textContent?.includes("origin-drained"),
    );
    const grounds: string[] = [];
    for (const colorScheme of ["light", "dark"] as const) {
      await page.emulateMedia({ colorScheme });
      await waitForColour(page, "bars", "answered");
      grounds.push(await page.evaluate(() => getComputedStyle(document.body).backgroundColor));
      assertEquals(await violations(page), [], colorScheme);
    }
    assertEquals(grounds, ["rgb(255, 255, 255)", "rgb(13, 17, 23)"]);
    await page.close();
  });

  it("can be used with the keyboard alone", async () => {
    const site = await startSite(10);
    await site.round();
    const { page } = await open(browser, site);
    await waitForRows(page, 10);
    const reached: string[] = [];
    for (let at = 0; at < 8; at++) {
      await page.keyboard.press("Tab");
      reached.push(
        await page.evaluate(() => document.activeElement?.id || document.activeElement?.className || ""),
      );
    }
    assertEquals(reached, ["skip", "pause", "origin", "state", "order", "span", "compact", "grid"]);
    const chosen = () => page.getAttribute("#grid", "aria-activedescendant");
    await page.keyboard.press("ArrowDown");
    assertEquals(await chosen(), "lane-1");
    await page.keyboard.press("ArrowDown");
    assertEquals(await chosen(), "lane-2");
    await page.keyboard.press("End");
    assertEquals(await chosen(), "lane-10");
    const details = (await page.textContent("#details")) ?? "";
    assert(details.includes("Connection 10 to http://origin-9.test"), details);
    await page.keyboard.press("Escape");
    assertEquals(await chosen(), null);
    await page.keyboard.press("End");
    await page.focus("#pause");
    await page.keyboard.press("Space");
    assertEquals(await page.textContent("#status"), "Paused");
    await page.keyboard.press("Space");
    await page.waitForFunction(() => document.getElementById("status")?.textContent === "Live");
    await page.close();
  });

  it("announces a lost stream in its live region, but not each message", async () => {
    const site = await startSite(10);
    const { page } = await open(browser, site);
    await page.evaluate(recordStatus);
    for (let at = 1; at <= 3; at++) {
      await site.round();
      await page.waitForFunction(
        (requests) => document.getElementById("totals")?.textContent?.includes(`Requests${requests}`),
        at * 10,
      );
    }
    assertEquals(await page.evaluate(() => document.body.dataset.said), undefined);
    site.disconnect();
    await page.waitForSelector("#alert:not([hidden])");
    assert((await page.textContent("#alert"))?.includes("What you see is from "));
    assertLess(
      await page.evaluate(() => Number(getComputedStyle(document.querySelector("main") as Element).opacity)),
      1,
    );
    await page.waitForFunction(() => document.body.dataset.said?.endsWith("Live"));
    assertEquals(await page.isVisible("#alert"), false);
    assertEquals(await page.evaluate(() => document.body.dataset.said), " Lost, trying again Live");
    await page.close();
  });

  it("shows no path, header, body or credential of a request", async () => {
    const site = await startSite(10);
    await site.round();
    const { page } = await open(browser, site);
    await waitForRows(page, 10);
    await page.focus("#grid");
    await page.keyboard.press("ArrowDown");
    const html = await page.evaluate(() => document.documentElement.outerHTML);
    assert(html.includes("http://origin-9.test"), "the page shows origins");
    assert(!html.includes(SECRET));
    await page.close();
  });
});

// Functions that run in the page must not contain a named function: tsx would add a call to a helper missing there.

/** In the page: waits for ten frames. */
async function tenFrames(): Promise<void> {
  for (let frame = 0; frame < 10; frame++) await new Promise((resolve) => requestAnimationFrame(resolve));
}

/** In the page: records the texts of the live region. */
function recordStatus(): void {
  const status = document.getElementById("status");
  if (status === null) return;
  new MutationObserver(() => {
    document.body.dataset.said = `${document.body.dataset.said ?? ""} ${status.textContent}`;
  }).observe(status, { childList: true, characterData: true, subtree: true });
}
