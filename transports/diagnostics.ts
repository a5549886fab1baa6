/** `node:diagnostics_channel`, which Node, Deno and Bun all have. */

import type { DiagnosticsChannel } from "../src/contract/transport.ts";
import { builtin } from "./builtin.ts";

interface Diagnostics {
  channel(name: string): DiagnosticsChannel;
}

const SILENT: DiagnosticsChannel = { hasSubscribers: false, publish() {} };

/** The diagnostics channel of that name; one without subscribers where there are none. */
export function diagnosticsChannel(name: string): DiagnosticsChannel {
  return builtin<Diagnostics>("node:diagnostics_channel")?.channel(name) ?? SILENT;
}
