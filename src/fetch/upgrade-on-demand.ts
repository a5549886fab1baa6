/** Upgrade on demand: the code of `pool.upgrade()` is loaded with its first call. */

import { OnDemand } from "../contract/on-demand.ts";
import { headerPairs } from "./arguments.ts";
import type { ReadContext } from "./call-context.ts";
import type { UpgradeContext, UpgradeOptions, UpgradeResponse } from "./upgrade.ts";

type Code = Pick<typeof import("./upgrade.ts"), "sendUpgrade">;

/** The code of upgrades. */
export const upgrades: OnDemand<Code> = /* @__PURE__ */ new OnDemand(
  "upgrades",
  () => import("./upgrade.ts"),
);

type UpgradeArguments = readonly [url: string | URL, options: UpgradeOptions];

/** Rejects if loading takes too long. */
type InTime = <T>(loading: Promise<T>) => Promise<T>;

/** `sendUpgrade()` of `upgrade.ts`. */
export function startUpgrade(
  reading: ReadContext,
  context: UpgradeContext,
  [url, options]: UpgradeArguments,
  inTime: InTime,
): Promise<UpgradeResponse> {
  const { code } = upgrades;
  if (code !== undefined) return code.sendUpgrade(reading, context, url, options);
  return startLater(reading, context, [url, options], inTime);
}

/** What the caller may change meanwhile is copied in the call. */
async function startLater(
  reading: ReadContext,
  context: UpgradeContext,
  [url, options]: UpgradeArguments,
  inTime: InTime,
): Promise<UpgradeResponse> {
  const calledAt = reading.clock.now();
  const [asked, given] = [String(url), copied(options)];
  const { sendUpgrade } = await inTime(upgrades.load());
  return sendUpgrade(reading, context, asked, given, calledAt);
}

/** Anything that is no object is refused where options are read. */
function copied(options: UpgradeOptions): UpgradeOptions {
  if (typeof options !== "object" || options === null) return options;
  const { headers } = options;
  if (headers === undefined) return { ...options };
  return { ...options, headers: [...headerPairs(headers)] };
}
