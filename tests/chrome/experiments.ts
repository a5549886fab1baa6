/** Experiments: what Chromium does with its connections, one question each. They run side by side in one browser. */

import { readFileSync } from "node:fs";
import { type AddressInfo, connect, createServer, type Socket } from "node:net";
import { setTimeout as sleep } from "node:timers/promises";
import type { Page } from "playwright-core";
import {
  answerWith,
  type ConnectionLog,
  http1Origin,
  http2Origin,
  type RecordingOrigin,
} from "./recording-origin.ts";

/** One line of the result. */
export interface Measured {
  readonly question: string;
  readonly found: string;
}

/** An experiment. `waits`: it takes minutes. */
export interface Experiment {
  readonly name: string;
  readonly waits: boolean;
  readonly run: (page: Page) => Promise<readonly Measured[]>;
}

/** Fetches within the page. Resolves with the status or `"failed"`. */
async function send(page: Page, url: string, method = "GET", keepalive = false): Promise<string> {
  return await page.evaluate(
    async ({ url, method, keepalive }) => {
      try {
        const body = method === "POST" ? "body" : null;
        const response = await fetch(url, { method, body, keepalive, cache: "no-store" });
        await response.arrayBuffer();
        return String(response.status);
      } catch {
        return "failed";
      }
    },
    { url, method, keepalive },
  );
}

/** Opens connections that no request has used. */
async function preconnect(page: Page, url: string): Promise<void> {
  await page.evaluate((href) => {
    const link = Object.assign(document.createElement("link"), {
      rel: "preconnect",
      href,
      crossOrigin: "anonymous",
    });
    document.head.append(link);
  }, url);
}

/** Seconds after which it is seen whether a connection is still used. Close to the limits that Chromium's sources name. */
const USED_AGES = [5, 30, 58, 63, 120, 180, 240, 285, 295, 298, 302, 305, 315, 330] as const;
const UNUSED_AGES = [3, 8, 12, 28, 32, 50, 57, 59, 61, 63, 70, 90] as const;

interface Seen {
  readonly age: number;
  readonly reused: boolean;
}

function bracket(seen: readonly Seen[]): string {
  const reused = seen.filter((one) => one.reused).map(({ age }) => age);
  const dead = seen.filter((one) => !one.reused).map(({ age }) => age);
  if (dead.length === 0) return `more than ${Math.max(...reused)} s`;
  const last = Math.max(0, ...reused.filter((age) => age < Math.min(...dead)));
  return `between ${last} and ${Math.min(...dead)} s`;
}

async function usedOver(page: Page, open: () => Promise<RecordingOrigin>): Promise<string> {
  const seen = await Promise.all(
    USED_AGES.map(async (age) => {
      const origin = await open();
      await send(page, `${origin.url}/first`);
      await sleep(age * 1000);
      await send(page, `${origin.url}/second`);
      const reused = origin.connections.some(({ requests }) => requests.length >= 2);
      origin.close();
      return { age, reused };
    }),
  );
  return bracket(seen);
}

async function unusedIdle(page: Page): Promise<string> {
  const seen = await Promise.all(
    UNUSED_AGES.map(async (age) => {
      const origin = await http1Origin();
      await preconnect(page, origin.url);
      await sleep(age * 1000);
      const before = origin.connections.length;
      await send(page, `${origin.url}/first`);
      const reused =
        before > 0 && origin.connections.slice(0, before).some(({ requests }) => requests.length > 0);
      origin.close();
      return { age, reused };
    }),
  );
  return bracket(seen);
}

/** Requests that are held until no further connection comes. Returns how many there were at once. */
async function mostAtOnce(page: Page, origins: number, each: number): Promise<number> {
  const held: (() => void)[] = [];
  const all = await Promise.all(
    Array.from({ length: origins }, () =>
      http1Origin((_, response) => {
        held.push(() => response.writeHead(200, { "access-control-allow-origin": "*" }).end("ok"));
      }),
    ),
  );
  const urls = all.flatMap(({ url }) => Array.from({ length: each }, (_, at) => `${url}/${at}`));
  const sent = page.evaluate(
    (urls) => Promise.allSettled(urls.map((url) => fetch(url, { cache: "no-store" }))).then(() => {}),
    urls,
  );
  let most = 0;
  for (let quiet = 0; quiet < 10; quiet++) {
    await sleep(200);
    const open = all
      .flatMap(({ connections }) => connections)
      .filter(({ closedAt }) => closedAt === undefined);
    if (open.length > most) quiet = 0;
    most = Math.max(most, open.length);
  }
  const release = setInterval(() => {
    for (const answer of held.splice(0)) answer();
  }, 20);
  await sent;
  clearInterval(release);
  for (const origin of all) origin.close();
  return most;
}

/** The limit is drawn by lot each time (`TcpSocketPoolLimitRandomization`), so that sites cannot count one another's. */
async function mostInAll(page: Page): Promise<string> {
  const seen: number[] = [];
  for (let round = 0; round < ROUNDS; round++) seen.push(await mostAtOnce(page, 100, 6));
  return `${seen.sort((a, b) => a - b).join(", ")} in ${ROUNDS} tries`;
}

const ROUNDS = 5;

/** How often a request arrives whose connection is closed without an answer. `reused`: after an answered one. */
async function arrivals(page: Page, method: string, reused: boolean, deaths: number): Promise<string> {
  let died = 0;
  const origin = await http1Origin((request, response, log) => {
    const isVictim = request.url === "/victim" && died < deaths && log.requests.length > 1 === reused;
    if (!isVictim) return answerWith({})(request, response, log);
    died += 1;
    request.socket.destroy();
  });
  if (reused) await send(page, `${origin.url}/first`);
  const status = await send(page, `${origin.url}/victim`, method);
  const count = origin.connections
    .flatMap(({ requests }) => requests)
    .filter((line) => line === `${method} /victim`);
  origin.close();
  return `${count.length === 1 ? "sent once" : `sent ${count.length} times`}, ${status === "failed" ? "fails" : `answered ${status}`}`;
}

async function pings(page: Page): Promise<Measured[]> {
  const silences = [3, 8, 9, 11, 12, 20, 60] as const;
  const rows = await Promise.all(
    silences.map(async (silence) => {
      const origin = await http2Origin();
      await send(page, `${origin.url}/first`);
      await sleep(silence * 1000);
      const unasked = pingsOf(origin.connections);
      await send(page, `${origin.url}/second`);
      await sleep(500);
      const reused = origin.connections.length === 1;
      const withRequest = pingsOf(origin.connections) - unasked;
      origin.close();
      return { silence, unasked, withRequest, reused };
    }),
  );
  const first = rows.find(({ withRequest }) => withRequest > 0)?.silence;
  const last = rows.filter(({ withRequest }) => withRequest === 0).at(-1)?.silence ?? 0;
  const idle = rows.at(-1)?.unasked ?? 0;
  return [
    {
      question: "HTTP/2: PING with a request after a silence",
      found: first === undefined ? "none" : `of between ${last} and ${first} s`,
    },
    { question: "HTTP/2: PING on an idle connection in 60 s", found: idle === 0 ? "none" : String(idle) },
  ];
}

function pingsOf(connections: readonly ConnectionLog[]): number {
  return connections.reduce((sum, log) => sum + log.pings.length, 0);
}

/** A connection that is silently cut: when a request on it goes elsewhere. */
async function unansweredPing(page: Page): Promise<Measured[]> {
  const origin = await http2Origin();
  const cut = { is: false };
  const relays: Socket[] = [];
  const relay = createServer((ours) => {
    const isFirst = relays.length === 0;
    const server = connect(origin.port, "127.0.0.1");
    relays.push(ours, server);
    const pass = (to: Socket) => (bytes: Buffer) => (cut.is && isFirst ? false : to.write(bytes));
    ours.on("data", pass(server)).on("error", () => {}); // the browser gives it up
    server.on("data", pass(ours)).on("error", () => {}); // as above
  });
  await new Promise<void>((resolve) => relay.listen(0, "127.0.0.1", resolve));
  const url = `https://127.0.0.1:${(relay.address() as AddressInfo).port}`;
  await send(page, `${url}/first`);
  await sleep(12_000);
  cut.is = true;
  const from = performance.now();
  const status = await send(page, `${url}/second`);
  const took = (performance.now() - from) / 1000;
  for (const socket of relays) socket.destroy();
  relay.close();
  origin.close();
  return [
    {
      question: "HTTP/2: a request on a connection that is silently dead",
      found: `${status === "failed" ? "fails" : `is answered ${status} on another`} after ${took.toFixed(1)} s`,
    },
  ];
}

/** What the kernel says of the browser's end: the time to the next probe of TCP keepalive. */
async function tcpKeepAlive(page: Page): Promise<Measured[]> {
  const origin = await http1Origin();
  await send(page, `${origin.url}/first`);
  await sleep(300);
  const port = origin.connections[0]?.port ?? 0;
  const seconds = keepAliveTimer(port);
  origin.close();
  return [
    {
      question: "TCP keepalive: first probe after",
      found: seconds === undefined ? "none" : `${Math.ceil(seconds)} s`,
    },
  ];
}

/** Linux shows timers in hundredths of a second; kind 2 is keepalive. */
function keepAliveTimer(port: number): number | undefined {
  const local = `0100007F:${port.toString(16).toUpperCase().padStart(4, "0")}`;
  const line = readFileSync("/proc/net/tcp", "utf8")
    .split("\n")
    .find((text) => text.trim().split(" ")[1] === local);
  const timer = line?.trim().split(/ +/)[5];
  const [kind, when] = timer?.split(":") ?? [];
  return kind === "02" && when !== undefined ? Number.parseInt(when, 16) / 100 : undefined;
}

async function reusedAfter(
  page: Page,
  fields: Readonly<Record<string, string>>,
  seconds: number,
): Promise<boolean> {
  const origin = await http1Origin(answerWith(fields));
  await send(page, `${origin.url}/first`);
  await sleep(seconds * 1000);
  await send(page, `${origin.url}/second`);
  const reused = origin.connections.length === 1;
  origin.close();
  return reused;
}

async function keepaliveFetch(page: Page): Promise<Measured[]> {
  const origin = await http1Origin();
  await send(page, `${origin.url}/first`);
  await send(page, `${origin.url}/second`, "GET", true);
  const shared = origin.connections.length === 1;
  origin.close();
  return [
    {
      question: "`fetch(…, { keepalive: true })`",
      found: shared ? "uses the same connections" : "has connections of its own",
    },
  ];
}

async function http2Connections(page: Page): Promise<Measured[]> {
  const origin = await http2Origin();
  await Promise.all(Array.from({ length: 20 }, (_, at) => send(page, `${origin.url}/${at}`)));
  const used = origin.connections.filter(({ requests }) => requests.length > 0).length;
  origin.close();
  return [{ question: "HTTP/2: connections for 20 requests at once", found: String(used) }];
}

const one = (question: string, found: Promise<string>): Promise<Measured[]> =>
  found.then((text) => [{ question, found: text }]);

/** Those that count connections of the whole browser come first and alone; see main.ts. */
export const experiments: readonly Experiment[] = [
  {
    name: "per host",
    waits: false,
    run: (page) => one("connections to one origin at a time", mostAtOnce(page, 1, 20).then(String)),
  },
  {
    name: "in all",
    waits: false,
    run: (page) => one("connections in all at a time", mostInAll(page)),
  },
  ...(["GET", "POST"] as const).flatMap((method): Experiment[] => [
    {
      name: `${method} on a dead reused connection`,
      waits: false,
      run: (page) =>
        one(`${method} on a reused connection that ends without an answer`, arrivals(page, method, true, 1)),
    },
    {
      name: `${method} on a dead new connection`,
      waits: false,
      run: (page) =>
        one(`${method} on a new connection that ends without an answer`, arrivals(page, method, false, 1)),
    },
  ]),
  {
    name: "hints",
    waits: false,
    run: async (page) => {
      const reused = await reusedAfter(page, { "keep-alive": "timeout=1, max=1" }, 3);
      return [{ question: "`Keep-Alive: timeout=1, max=1`", found: reused ? "is not read" : "is obeyed" }];
    },
  },
  { name: "keepalive fetch", waits: false, run: keepaliveFetch },
  { name: "TCP keepalive", waits: false, run: tcpKeepAlive },
  { name: "HTTP/2 connections", waits: false, run: http2Connections },
  { name: "HTTP/2 PING", waits: true, run: pings },
  { name: "HTTP/2 silence", waits: true, run: unansweredPing },
  {
    name: "unused",
    waits: true,
    run: (page) => one("idle limit of a connection that had no request", unusedIdle(page)),
  },
  {
    name: "used",
    waits: true,
    run: (page) =>
      one(
        "idle limit of a connection that had one",
        usedOver(page, () => http1Origin()),
      ),
  },
  {
    name: "used, HTTP/2",
    waits: true,
    run: (page) => one("HTTP/2: idle limit", usedOver(page, http2Origin)),
  },
];
