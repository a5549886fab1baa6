/** Sockets: TCP keepalive, which is independent of pooling, and errors of connect attempts. */

import { HoldfastError, type PoolOptions } from "../../../mod.ts";
import { nextProbeMs } from "../harness/kernel.ts";
import type { Peer } from "../harness/peer.ts";
import { ok } from "../harness/responses.ts";
import type { Here, Scenario } from "../harness/scenario.ts";

const FIRST = "started 1 GET · queued (1 waiting) · opened #1 · acquired #1 request 1";

const needsSs = ({ ss }: Here): string | undefined => (ss ? undefined : "ss is not installed");

/** Reads the kernel's state of the client's socket during a request, responds, and waits for the client's FIN. */
async function askKernel(peer: Peer): Promise<void> {
  const request = await peer.request();
  const probeMs = await nextProbeMs(peer);
  peer.signal(
    "seen",
    `Connection: ${request.header("connection")}, probes ${probeMs === undefined ? "off" : "on"}`,
  );
  await peer.send(ok());
  await peer.gone();
  peer.signal("gone");
}

/** Pooling and TCP keepalive are independent. Users of reqwest have confused them. */
const combinations: Scenario[] = [true, false].flatMap((pooling) =>
  [true, false].map((probing): Scenario => {
    const options: PoolOptions = {
      ...(pooling ? {} : { maxIdlePerOrigin: 0 }),
      // The kernel is asked for seconds on a busy machine, and no connection is to be opened meanwhile to see what holds it up.
      doubt: false,
      // Without times, which not every transport can set.
      tcpKeepAlive: probing ? {} : false,
    };
    const said = `Connection: ${pooling ? "keep-alive" : "close"}, probes ${probing ? "on" : "off"}`;
    return {
      name: `With pooling ${pooling ? "on" : "off"} and TCP keepalive ${probing ? "on" : "off"} both are as configured`,
      options,
      needs: needsSs,
      server: askKernel,
      async client({ pool, get, wait, note }) {
        await get();
        note(await wait("seen"));
        if (pooling) pool.drain();
        await wait("gone");
      },
      trace: pooling
        ? `${FIRST} · released #1 · finished 1 200 · > ${said} · retired #1 origin-drained`
        : `${FIRST} · retired #1 max-idle · finished 1 200 · > ${said}`,
    };
  }),
);

/** Tells the client in how many seconds the first probe is due, and responds to every request. */
async function tellProbe(peer: Peer): Promise<void> {
  for (;;) {
    await peer.request();
    const probeMs = (await nextProbeMs(peer)) ?? Infinity;
    peer.signal("probe", probeMs > 20_000 && probeMs <= 30_000 ? "within the 30 s" : `${probeMs} ms`);
    await peer.send(ok());
  }
}

const times: Scenario[] = [
  {
    name: "tcpKeepAlive.idle is set in the kernel",
    options: { tcpKeepAlive: { idle: "30s" } },
    needs: (here) =>
      needsSs(here) ??
      (here.can.tcpKeepAlive === "idle" || here.can.tcpKeepAlive === "full"
        ? undefined
        : "the transport cannot set the idle time of TCP keepalive"),
    server: tellProbe,
    async client({ get, wait, note }) {
      await get();
      note(await wait("probe"));
    },
    trace: `${FIRST} · released #1 · finished 1 200 · > within the 30 s`,
  },
  {
    name: "tcpKeepAlive with interval and probes is honoured in full",
    options: { tcpKeepAlive: { idle: "30s", interval: "7s", probes: 4 }, strict: true },
    needs: (here) =>
      needsSs(here) ??
      (here.can.tcpKeepAlive === "full" ? undefined : "the transport cannot set all of TCP keepalive"),
    server: tellProbe,
    async client({ get, wait, note }) {
      await get();
      note(await wait("probe"));
    },
    trace: `${FIRST} · released #1 · finished 1 200 · > within the 30 s`,
  },
  {
    name: "A tcpKeepAlive setting that the transport cannot honour is reported once",
    options: { tcpKeepAlive: { idle: "30s", interval: "7s", probes: 4 } },
    needs: ({ can }) =>
      can.tcpKeepAlive === "full" ? "the transport can set all of TCP keepalive" : undefined,
    async client({ pool, get }) {
      await get();
      pool.drain();
      await get();
    },
    trace: `
      started 1 GET · queued (1 waiting) · degraded tcpKeepAlive · opened #1 · acquired #1 request 1
      released #1 · finished 1 200
      retired #1 origin-drained
      started 2 GET · queued (1 waiting) · opened #2 · acquired #2 request 1 · released #2 · finished 2 200
    `,
  },
  {
    name: "With strict, a setting that the transport cannot honour is an error",
    options: { tcpKeepAlive: { idle: "30s", interval: "7s", probes: 4 }, strict: true },
    needs: ({ can }) =>
      can.tcpKeepAlive === "full" ? "the transport can set all of TCP keepalive" : undefined,
    async client({ get, rejection, note }) {
      const error = await rejection(get());
      if (error instanceof HoldfastError) note(`sent ${error.sent}, retriable ${error.retriable}`);
    },
    trace: `
      started 1 GET · queued (1 waiting) · retired #1 connect-failed
      failed 1 ERR_UNSUPPORTED in connect · > sent none, retriable false
    `,
  },
];

const connecting: Scenario[] = [
  {
    name: "A refused connection fails its request",
    async client({ pool, rejection, note }) {
      // Nothing listens on port 1 (tcpmux).
      const error = await rejection(pool.request("http://127.0.0.1:1/"));
      if (error instanceof HoldfastError)
        note(`${Object(error.cause).kind}, sent ${error.sent}, retriable ${error.retriable}`);
    },
    trace: `
      started 1 GET · queued (1 waiting) · retired #1 connect-failed · failed 1 ERR_CONNECT in connect
      > refused, sent none, retriable true
    `,
  },
  {
    name: "A hostname that does not exist fails the request",
    async client({ pool, rejection, note }) {
      // .invalid never resolves (RFC 6761 §6.4).
      const error = await rejection(pool.request("http://holdfast.invalid/"));
      if (error instanceof HoldfastError) note(Object(error.cause).kind);
    },
    trace: `
      started 1 GET · queued (1 waiting) · retired #1 connect-failed · failed 1 ERR_CONNECT in connect
      > dns
    `,
  },
];

export const sockets: Scenario[] = [...combinations, ...times, ...connecting];
