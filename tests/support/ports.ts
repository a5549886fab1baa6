/**
 * Ports: for programs that must be given a port number, and a port that refuses connections. Prefer port 0 where
 * possible.
 */

import { type Socket as Claim, createSocket } from "node:dgram";
import { connect, createServer } from "node:net";

const HERE = "127.0.0.1";

/** Below the range from which kernels choose ports for outgoing connections and for port 0. */
const LOWEST_PORT = 12_000;
const PORTS = 18_000;

/** How many ports to try. Each one is free with near certainty. */
const MOST = 100;

/** A port for a program. Until it is released, no other test on this machine gets it. */
export interface ClaimedPort {
  readonly port: number;
  /** Releases the port, once the program has ended. */
  release(): Promise<void>;
}

/**
 * Claims a port by binding a UDP socket to the same number. TCP stays free for the program. The kernel prevents two
 * tests from claiming the same port, and releases the claim of a process that died.
 */
export async function claimPort(): Promise<ClaimedPort> {
  for (let attempt = 0; attempt < MOST; attempt++) {
    const port = LOWEST_PORT + Math.floor(Math.random() * PORTS);
    const claim = await bindUdp(port);
    if (claim === undefined) continue;
    const release = () => new Promise<void>((resolve) => claim.close(() => resolve()));
    if (await isFree(port)) return { port, release };
    await release();
  }
  throw new Error(`No free port among ${MOST}`);
}

function bindUdp(port: number): Promise<Claim | undefined> {
  const socket = createSocket("udp4");
  return new Promise((resolve) => {
    socket.once("error", () => resolve(undefined));
    socket.bind({ port, address: HERE, exclusive: true }, () => {
      socket.unref();
      resolve(socket);
    });
  });
}

function isFree(port: number): Promise<boolean> {
  const server = createServer();
  return new Promise((resolve) => {
    server.once("error", () => resolve(false));
    server.listen(port, HERE, () => server.close(() => resolve(true)));
  });
}

/** A port that refuses connections until it is disposed. */
export interface DeadPort extends AsyncDisposable {
  readonly port: number;
}

/**
 * A port at which nobody listens and nobody can listen, because it is the local end of our own connection. A port
 * that was merely closed could belong to another program by the time it is tried.
 */
export async function deadPort(): Promise<DeadPort> {
  const server = createServer((socket) => void socket.on("error", () => {}).resume());
  await new Promise<void>((resolve) => server.listen(0, HERE, resolve));
  const address = server.address();
  const holder = connect(typeof address === "object" ? (address?.port ?? 0) : 0, HERE);
  await new Promise((resolve, reject) => holder.once("connect", resolve).once("error", reject));
  return {
    port: holder.localPort ?? 0,
    async [Symbol.asyncDispose]() {
      holder.destroy();
      await new Promise<void>((resolve) => server.close(() => resolve()));
    },
  };
}

/** Whether something listens at the port. */
export function accepts(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const probe = connect(port, HERE);
    probe.on("error", () => resolve(false));
    probe.on("connect", () => {
      resolve(true);
      probe.destroy();
    });
  });
}
