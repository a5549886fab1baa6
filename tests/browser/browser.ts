/** Starts a headless Chromium, if the machine has one. */

import { existsSync } from "node:fs";
import type { Browser } from "playwright-core";
import { chromium } from "playwright-core";

/** Where distributions install it. */
const PLACES = [
  "/usr/bin/chromium",
  "/usr/bin/chromium-browser",
  "/usr/bin/google-chrome",
  "/usr/bin/google-chrome-stable",
] as const;

/** The path of Chromium, or `undefined`. */
export const executablePath: string | undefined = PLACES.find((place) => existsSync(place));

/** Why tests that need a browser are skipped, or `false`. */
export const noBrowser: string | false =
  executablePath === undefined && "There is no Chromium here (apt-get install chromium)";

/** Starts Chromium. The flags are needed in CI, which runs as root and has a small /dev/shm. */
export function launch(): Promise<Browser> {
  const args = ["--no-sandbox", "--disable-dev-shm-usage", "--disable-gpu"];
  return chromium.launch({ ...(executablePath && { executablePath }), args, timeout: 60_000 });
}
