/**
 * Relay: the program in the middle of the lab. It passes bytes on between client and server, later, slower or no longer.
 * Unlike the firewall it ends TCP on both sides: connects cost no latency, and what it drops is acknowledged, so that no
 * keepalive probe notices.
 */

import { connect, createServer, type Socket } from "node:net";
import { createInterface } from "node:readline";
import type { RelayRules } from "./script.ts";

const [port = "8080", target = "", rulesText = "{}"] = process.argv.slice(2);
const rules = JSON.parse(rulesText) as RelayRules;
const open = new Set<Socket>();

createServer((client) => {
  const server = connect({ host: target, port: Number(port), allowHalfOpen: true });
  const line = { lastMs: performance.now(), forgotten: false };
  for (const socket of [client, server]) {
    open.add(socket);
    socket.setNoDelay(true);
    socket.on("error", () => socket.destroy()).on("close", () => open.delete(socket));
  }
  pass(client, server, line, rules.hold);
  pass(server, client, line);
}).listen(Number(port), () => process.stdout.write("ready\n"));

/** One direction. Bytes leave in the order in which they came. */
function pass(
  from: Socket,
  to: Socket,
  line: { lastMs: number; forgotten: boolean },
  hold?: RelayRules["hold"],
): void {
  let freeMs = 0;
  // Timers of almost the same time may fire in another order than they were set.
  const waiting: (() => void)[] = [];
  const at = (bytes: number, held: number, action: () => void): void => {
    const now = performance.now();
    const sending = rules.bytesPerSecond === undefined ? 0 : (bytes / rules.bytesPerSecond) * 1000;
    freeMs = Math.max(freeMs, now + rules.latencyMs + held) + sending;
    waiting.push(action);
    setTimeout(() => waiting.shift()?.(), freeMs - now);
  };
  from.on("data", (chunk: Buffer) => {
    const idle = performance.now() - line.lastMs;
    line.lastMs = performance.now();
    if (rules.forgetMs !== undefined && idle > rules.forgetMs) line.forgotten = true;
    if (line.forgotten) return;
    const held = hold !== undefined && idle > hold.idleMs ? hold.ms : 0;
    at(chunk.length, held, () => void (to.destroyed || to.write(chunk)));
  });
  from.on("end", () => line.forgotten || at(0, 0, () => to.end()));
  from.on("close", () => line.forgotten || at(0, 0, () => to.destroySoon()));
}

createInterface({ input: process.stdin }).on("line", () => {
  for (const socket of open) socket.resetAndDestroy();
});
