/** Ports: for programs that must be given one, and one at which nobody listens. Where it can be, port 0 is better. */

import { type Socket as Claim, createSocket } from "node:dgram";
import { connect, createServer } from "node:net";

const HERE = "127.0.0.1";

/** Below the range from which kernels take ports for connections that go out and for port 0. */
const LOWEST_PORT = 12_000;
const PORTS = 18_000;

/** Attempts at a port before giving up: each is free with near certainty. */
const MOST = 100;

/** A port for a program, claimed until it is released: no other test of this machine is given it meanwhile. */
export interface ClaimedPort {
  readonly port: number;
  /** Gives the claim back, once the program has ended. */
  release(): Promise<void>;
}

/**
 * Claims a port by a UDP socket of the same number. So TCP stays free for the program, and the kernel itself keeps two
 * tests from choosing the same one, and takes the claim back from a process that died.
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

/** A port that refuses connections for as long as it is held. */
export interface DeadPort extends AsyncDisposable {
  readonly port: number;
}

/**
 * A port at which nobody listens and nobody can: it is our own end of a connection. One that was listened at until
 * just now could be anybody's by the time it is tried.
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

/** Whether something listens there. */
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
