/** Balancer text: what `holdfast explain` prints of a load balancer, and how a server does behind it. */

import { formatMs, toMs } from "../contract/duration.ts";
import { resolveOptions } from "../options/resolve.ts";
import { BALANCERS, type Balancer, type BalancerName, idleMsBehind } from "../presets/balancers.ts";
import type { ServerPreset } from "../rules/server-side.ts";

/** Less distance than this between the two timeouts is a race. */
const RACE_MS = 1000;

/** The load balancer's timeout, its source, and the rules for a server behind it. */
export function balancerText(name: BalancerName): string {
  const balancer = BALANCERS[name];
  const theirs = formatMs(toMs(balancer.idleTimeout, name));
  return [
    `${balancer.system}, in front of a server`,
    `Source: ${balancer.source}`,
    "",
    balancer.onIdle === "closes"
      ? `It closes an idle connection to its server after ${theirs}. The server must keep it longer.`
      : `It drops an idle connection after ${theirs} and tells nobody. The server must close it sooner.`,
    `Setting: ${balancer.setting}`,
    `Server: keepAlive(behind("${name}")) keeps an idle connection for ${formatMs(idleMsBehind(balancer, balancer.idleTimeout))}.`,
    "",
  ].join("\n");
}

/** Which of the two ends an idle connection first, and what follows from it. */
export function behindText(name: BalancerName, title: string, server: ServerPreset): string {
  const balancer = BALANCERS[name];
  const serverMs = resolveOptions(server).rules.idleTimeoutMs;
  const theirMs = toMs(balancer.idleTimeout, name);
  const kept =
    serverMs === Infinity ? "never closes an idle connection" : `closes it after ${formatMs(serverMs)}`;
  return [`In front of ${title}, which ${kept}:`, outcome(balancer, serverMs - theirMs), ""].join("\n");
}

function outcome({ onIdle }: Balancer, longerMs: number): string {
  if (onIdle === "closes") {
    return longerMs >= RACE_MS
      ? "The balancer closes first, as it should."
      : "The server may close first. A request that crosses the FIN fails with 502: raise the server's timeout.";
  }
  return longerMs <= -RACE_MS
    ? "The server closes first, as it should."
    : "The balancer may drop it first. The next request on it is lost: lower the server's timeout.";
}
