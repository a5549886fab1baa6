/** Dialer of a pool: how it gets to each origin. The code for proxies is loaded for pools that may have one. */

import { HoldfastError } from "../contract/errors.ts";
import { OnDemand } from "../contract/on-demand.ts";
import type { Origin } from "../contract/origin.ts";
import type { Transport } from "../contract/transport.ts";
import { type Settings, settingsFor } from "../options/resolve.ts";
import { Connector } from "../pool/connect/connector.ts";
import { type Dialer, DirectDialer } from "../pool/connect/dialer.ts";
import { DialerByOrigin, type OwnDialer } from "./dialer-by-origin.ts";
import type { Parts } from "./proxy-dialer.ts";

/** What is used of the code for proxies. */
interface Proxies {
  proxyDialer(parts: Parts): Dialer;
}

/** The code for proxies. */
export const proxies: OnDemand<Proxies> = /* @__PURE__ */ new OnDemand(
  "proxies",
  () => import("./proxy-dialer.ts"),
);

/** Whether all is there that {@linkcode dialerOf} needs. */
export function canDial({ proxy, origins }: Settings): boolean {
  const mayHaveProxy = proxy !== false || origins?.mayHave((own) => own.proxy !== false) === true;
  return !mayHaveProxy || proxies.code !== undefined;
}

/** Loads what {@linkcode dialerOf} needs. */
export async function loadDialer(settings: Settings): Promise<void> {
  if (!canDial(settings)) await proxies.load();
}

/** The dialer that the settings ask for. What it needs must be loaded. */
export function dialerOf(settings: Settings, transport: Transport): Dialer {
  const connector = new Connector(settings, transport);
  const ofPool = dialerFor({ settings, transport, connector, shares: true });
  const ownOf = (origin: Origin): OwnDialer | undefined => {
    const own = settingsFor(settings, origin);
    if (own === settings) return undefined;
    return { key: own, make: () => dialerFor({ settings: own, transport, connector, shares: false }) };
  };
  return new DialerByOrigin(ofPool, ownOf);
}

function dialerFor(parts: Omit<Parts, "direct">): Dialer {
  const { settings, transport, connector } = parts;
  const direct = new DirectDialer(settings, transport, connector);
  if (settings.proxy === false) return direct;
  refuseWithoutEnvironment(settings, transport);
  const { code } = proxies;
  if (code === undefined) throw new Error("The code for proxies is not loaded");
  return code.proxyDialer({ ...parts, direct });
}

/** @throws {HoldfastError} with `ERR_UNSUPPORTED`, if the environment is to name the proxies, and the transport has none. */
export function refuseWithoutEnvironment({ proxy }: Settings, { env, name }: Transport): void {
  if (proxy !== "env" || env !== undefined) return;
  const message = `The ${name} transport has no environment: proxy "env" cannot be honoured`;
  throw new HoldfastError({ code: "ERR_UNSUPPORTED", phase: "proxy", retriable: false, message });
}
