/** Browser: a headless Chromium, if the machine has one. */

import { existsSync } from "node:fs";
import type { Browser } from "playwright-core";
import { chromium } from "playwright-core";

/** Where Debian and others put it. */
const PLACES = [
  "/usr/bin/chromium",
  "/usr/bin/chromium-browser",
  "/usr/bin/google-chrome",
  "/usr/bin/google-chrome-stable",
] as const;

/** The program, or `undefined`. */
export const executablePath: string | undefined = PLACES.find((place) => existsSync(place));

/** Why tests of pages are skipped here, if they are. */
export const noBrowser: string | false =
  executablePath === undefined && "There is no Chromium here (apt-get install chromium)";

/** Starts it. CI runs as root, and its /dev/shm is small. */
export function launch(): Promise<Browser> {
  const args = ["--no-sandbox", "--disable-dev-shm-usage", "--disable-gpu"];
  return chromium.launch({ ...(executablePath && { executablePath }), args, timeout: 60_000 });
}
