/**
 * Sockets on Node 20 and later, by `node:net` and `node:tls`.
 *
 * @module
 */

import type { Socket as NetSocket, OnReadOpts } from "node:net";
import type {
  AppliedOptions,
  Socket,
  SocketHandler,
  Target,
  TcpKeepAlive,
  Transport,
} from "../src/contract/transport.ts";
import { bufferText, uninitializedBytes } from "./buffer.ts";
import { nodeNet, nodeTls } from "./builtins.ts";
import { zlibDecoder } from "./decoders.ts";
import { READ_BYTES } from "./node-reads.ts";
import { NodeSocket, opened, reads } from "./node-socket.ts";
import { nodeTlsOptions, offerWhenConnected } from "./node-tls.ts";
import { ReceiveQueue } from "./receive-queue.ts";
import {
  asyncContext,
  DEBUG_VARIABLE,
  debugWriter,
  diagnosticsChannel,
  environment,
  localAddresses,
  systemAddresses,
} from "./runtime-services.ts";
import { kernelSeconds, LIBUV_PROBES, wholeProbes } from "./tcp-keepalive.ts";

function connect(target: Target, handler: SocketHandler, signal: AbortSignal): Promise<Socket> {
  const receiveQueue = new ReceiveQueue(handler);
  let applied: AppliedOptions = { tcpKeepAlive: false, noDelay: true };
  return opened({
    receiveQueue,
    signal,
    tls: target.tls,
    open: () => startConnecting(target, receiveQueue),
    // Set options when TCP is connected: Node 20 and 22 lose options set earlier on a TLS socket.
    connected(raw) {
      applied = applyOptions(raw, target);
      if (target.tls !== undefined) handler.connected?.();
    },
    socketOf: (raw) => new NodeSocket(raw, receiveQueue, applied),
  });
}

function startConnecting(target: Target, receiveQueue: ReceiveQueue): NetSocket {
  const secure = target.tls !== undefined;
  const onread: OnReadOpts = {
    buffer: reads.buffer,
    callback(length) {
      // Each TLS record is delivered separately, and a full buffer is followed by the rest, all before the next event.
      reads.read(receiveQueue, length, secure || length === READ_BYTES);
      return true;
    },
  };
  const where =
    target.unixPath === undefined
      ? { host: target.address ?? target.hostname, port: target.port, onread }
      : { path: target.unixPath, onread };
  const { tls } = target;
  if (tls === undefined) return nodeNet().connect(where);
  return offerWhenConnected(nodeTls().connect({ ...where, ...nodeTlsOptions(tls) }), tls);
}

/** Uses the methods of the socket, because Node 20 and 22 ignore these options in `tls.connect`. */
function applyOptions(raw: NetSocket, target: Target): AppliedOptions {
  // A Unix socket has neither Nagle's algorithm nor probes.
  if (target.unixPath !== undefined) return { tcpKeepAlive: false, noDelay: true };
  raw.setNoDelay(target.noDelay);
  return { tcpKeepAlive: setKeepAlive(raw, target.tcpKeepAlive), noDelay: target.noDelay };
}

/** Since Node 24, `setKeepAlive` takes interval and probes too. Without an idle time it sets none of them. */
const SETS_PROBES = nodeNet().Socket.prototype.setKeepAlive.length >= 4;

/** As Node 24 has it. The types that Deno brings for `node:net` know two arguments. */
type SetKeepAlive = (enable: boolean, idleMs: number, intervalMs?: number, probes?: number) => void;

function setKeepAlive(raw: NetSocket, asked: TcpKeepAlive | false): TcpKeepAlive | false {
  if (asked === false) return false;
  const idleMs = kernelSeconds(asked.idleMs);
  if (idleMs === undefined) {
    raw.setKeepAlive(true);
    return {};
  }
  if (!SETS_PROBES) {
    raw.setKeepAlive(true, idleMs);
    return { idleMs, ...LIBUV_PROBES };
  }
  const intervalMs = kernelSeconds(asked.intervalMs) ?? LIBUV_PROBES.intervalMs;
  const probes = wholeProbes(asked.probes) ?? LIBUV_PROBES.probes;
  (raw.setKeepAlive as SetKeepAlive).call(raw, true, idleMs, intervalMs, probes);
  return { idleMs, intervalMs, probes };
}

/** The transport of Node. */
export const nodeTransport: Transport = {
  name: "node",
  can: {
    reuse: "process",
    tcpKeepAlive: SETS_PROBES ? "full" : "idle",
    noDelay: true,
    unix: true,
    startTls: true,
    tlsInTls: true,
    alpn: true,
    tlsSessions: true,
    verifyOff: true,
  },
  connect,
  resolve: systemAddresses,
  localAddresses,
  env: environment,
  debug: () => debugWriter(environment(DEBUG_VARIABLE)),
  text: bufferText,
  alloc: uninitializedBytes,
  // This transport also runs on Deno and Bun, whose servers read internal slots of a Response instead of its members.
  lazyResponse: !("Deno" in globalThis || "Bun" in globalThis),
  byteStreams: !("Bun" in globalThis),
  decoder: zlibDecoder,
  channel: diagnosticsChannel,
  context: asyncContext,
};
