/**
 * Diagnostics channels on Deno. The module is a part of Deno's Node layer, which takes 4 to 10 ms to load (Deno 2.9): longer than all
 * else until a first answer. So it is loaded a moment after the first channel was asked for. Events until then come late.
 */

import type { DiagnosticsChannel } from "../src/contract/transport.ts";
import { diagnosticsChannel } from "./runtime-services.ts";

/** The module is loaded so much later, in ms. */
const LATER_MS = 20;

/** Events that wait for it. A program that sends more in that time waits for the module. */
const MOST_EVENTS = 1000;

/** A channel whose events wait until the module is loaded. */
class LateChannel implements DiagnosticsChannel {
  channel: DiagnosticsChannel | undefined = undefined;
  readonly name: string;

  constructor(name: string) {
    this.name = name;
  }

  /** Nobody knows before the module is loaded. */
  get hasSubscribers(): boolean {
    return this.channel === undefined || this.channel.hasSubscribers;
  }

  publish(message: object): void {
    if (this.channel !== undefined) return this.channel.publish(message);
    waiting.push([this, message]);
    if (waiting.length >= MOST_EVENTS) load();
  }
}

let late: LateChannel[] = [];
let waiting: [channel: LateChannel, message: object][] = [];
let isLoaded = false;

/** The diagnostics channel of that name. */
export function denoChannel(name: string): DiagnosticsChannel {
  if (isLoaded || isThere()) return diagnosticsChannel(name);
  if (late.length === 0) later(load);
  const channel = new LateChannel(name);
  late.push(channel);
  return channel;
}

/** Whether the program has loaded the Node layer itself. */
function isThere(): boolean {
  const { Deno } = globalThis as unknown as {
    readonly Deno: Readonly<Record<symbol, object | undefined>> & { readonly internal: symbol };
  };
  return "__nodeProcessBootstrapped" in (Deno[Deno.internal] ?? {});
}

/** A timer would load a part of the layer itself. */
function later(callback: () => void): void {
  const cell = new Int32Array(new SharedArrayBuffer(4));
  const { waitAsync } = Atomics as unknown as {
    waitAsync(cell: Int32Array, index: 0, value: 0, ms: number): { value: PromiseLike<unknown> };
  };
  waitAsync(cell, 0, 0, LATER_MS).value.then(callback);
}

function load(): void {
  if (isLoaded) return;
  isLoaded = true;
  for (const channel of late) channel.channel = diagnosticsChannel(channel.name);
  const messages = waiting;
  [late, waiting] = [[], []];
  for (const [channel, message] of messages) if (channel.hasSubscribers) channel.publish(message);
}
