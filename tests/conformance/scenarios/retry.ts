/** Retry: requests on a connection that the server has closed, and which of them are resent. */

import { HoldfastError, type RequestOptions } from "../../../mod.ts";
import type { Peer } from "../harness/peer.ts";
import { ok } from "../harness/responses.ts";
import type { Act, Scenario } from "../harness/scenario.ts";

/** Responds to the first request of each connection. The second request on the first connection gets `end`. */
function staleOnce(end: (peer: Peer) => unknown): (peer: Peer) => Promise<void> {
  return async (peer) => {
    for (let at = 1; ; at++) {
      const { method } = await peer.request();
      peer.signal("executed", method);
      if (peer.n === 1 && at === 2) return void (await end(peer));
      await peer.send(ok(`from connection ${peer.n}`));
    }
  };
}

const FIRST =
  "started 1 GET · queued (1 waiting) · opened #1 · acquired #1 request 1 · released #1 · finished 1 200";

function retried(method: string, reason = "stale-connection"): string {
  return `${FIRST}
    started 2 ${method} · acquired #1 request 2
    retired #1 peer-closed · retried 2 ${reason} · queued (1 waiting)
    opened #2 · acquired #2 request 1 · released #2 · finished 2 200
    > from connection 2
  `;
}

function notRetried(method: string, phase = "headers"): string {
  return `${FIRST}
    started 2 ${method} · acquired #1 request 2
    retired #1 peer-closed · failed 2 ERR_CONNECTION_LOST in ${phase}
  `;
}

/** Two requests. The second one gets the stale connection. */
function secondIs(options: () => RequestOptions) {
  return async ({ get, note }: Act): Promise<void> => {
    await get();
    note(await get("/", options()));
  };
}

function secondFails(options: () => RequestOptions) {
  return async ({ get, rejection, note }: Act): Promise<void> => {
    await get();
    const error = await rejection(get("/", options()));
    if (error instanceof HoldfastError) note(`sent ${error.sent}, retriable ${error.retriable}`);
  };
}

async function* pieces(): AsyncGenerator<Uint8Array> {
  yield new TextEncoder().encode("piece");
}

const closes: readonly (readonly [string, (peer: Peer) => unknown])[] = [
  ["FIN", (peer) => peer.end()],
  ["RST", (peer) => peer.reset()],
];

/** Requests that do no harm if they are executed twice. */
const repeatable: readonly (readonly [string, string, () => RequestOptions])[] = [
  ["GET", "GET", () => ({})],
  ["PUT with a body", "PUT", () => ({ method: "PUT", body: "same" })],
  ["DELETE", "DELETE", () => ({ method: "DELETE" })],
  [
    "POST with an Idempotency-Key",
    "POST",
    () => ({ method: "POST", body: "x", headers: { "Idempotency-Key": "1" } }),
  ],
  ["POST said to be idempotent", "POST", () => ({ method: "POST", body: "x", idempotent: true })],
  ["PUT whose body is made by a function", "PUT", () => ({ method: "PUT", body: () => pieces() })],
];

const others: readonly (readonly [string, string, () => RequestOptions, string])[] = [
  ["POST", "POST", () => ({ method: "POST", body: "x" }), "retriable false"],
  ["PATCH without a body", "PATCH", () => ({ method: "PATCH" }), "retriable false"],
  ["PUT whose body is a stream", "PUT", () => ({ method: "PUT", body: pieces() }), "retriable true"],
];

const stale: Scenario[] = closes.flatMap(([close, end]) => [
  ...repeatable.map(
    ([name, method, options]): Scenario => ({
      name: `A ${name} on a stale connection is resent once, on a fresh one (${close})`,
      server: staleOnce(end),
      client: secondIs(options),
      trace: retried(method),
    }),
  ),
  ...others.map(
    ([name, method, options, retriable]): Scenario => ({
      name: `A ${name} on a stale connection is not resent (${close})`,
      server: staleOnce(end),
      client: secondFails(options),
      trace: `${notRetried(method)} · > sent full, ${retriable}`,
    }),
  ),
]);

const limitsOfRetry: Scenario[] = [
  {
    name: "A user's rule may resend even a POST",
    options: { retry: ({ reused }) => reused },
    server: staleOnce((peer) => peer.end()),
    client: secondIs(() => ({ method: "POST", body: "x" })),
    trace: retried("POST", "retry-rule"),
  },
  {
    name: "A user's rule may resend a request after a 408 response",
    options: { retry: ({ status }) => status === 408 },
    server: staleOnce((peer) => peer.send("HTTP/1.1 408 Request Timeout\r\nContent-Length: 0\r\n\r\n")),
    client: secondIs(() => ({ method: "POST", body: "x" })),
    trace: retried("POST", "retry-rule").replace("peer-closed", "peer-close"),
  },
  {
    name: "With retry: false no request is resent",
    options: { retry: false },
    server: staleOnce((peer) => peer.end()),
    client: secondFails(() => ({})),
    trace: `${notRetried("GET")} · > sent full, retriable true`,
  },
  {
    name: "A request on a fresh connection that closes without a response is not resent",
    async server(peer) {
      await peer.request();
      peer.end();
    },
    async client({ get, rejection, note, accepted }) {
      await rejection(get());
      note(`${await accepted()} accepted`);
    },
    trace: `
      started 1 GET · queued (1 waiting) · opened #1 · acquired #1 request 1
      retired #1 peer-closed · failed 1 ERR_CONNECTION_LOST in headers
      > 1 accepted
    `,
  },
  {
    name: "A request is resent once, not twice",
    async server(peer) {
      await peer.request();
      if (peer.n === 1) {
        await peer.send(ok());
        await peer.request();
      }
      peer.end();
    },
    async client({ get, rejection, note, accepted }) {
      await get();
      await rejection(get());
      note(`${await accepted()} accepted`);
    },
    trace: `${FIRST}
      started 2 GET · acquired #1 request 2
      retired #1 peer-closed · retried 2 stale-connection · queued (1 waiting)
      opened #2 · acquired #2 request 1
      retired #2 peer-closed · failed 2 ERR_CONNECTION_LOST in headers
      > 2 accepted
    `,
  },
  {
    name: "After any byte of a response a request is not resent",
    server: staleOnce((peer) => peer.send("HTTP/1.1 200 O").then(() => peer.end())),
    client: secondFails(() => ({})),
    trace: `${notRetried("GET")} · > sent full, retriable true`,
  },
  {
    name: "After the head of a response a request is not resent",
    server: staleOnce((peer) =>
      peer.send("HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nhalf").then(() => peer.end()),
    ),
    client: secondFails(() => ({})),
    trace: `${notRetried("GET", "body")} · > sent full, retriable false`,
  },
  {
    name: "A 408 with Connection: close on a reused connection is an ordinary response",
    server: staleOnce((peer) =>
      peer.send("HTTP/1.1 408 Request Timeout\r\nConnection: close\r\nContent-Length: 4\r\n\r\nlate"),
    ),
    client: secondIs(() => ({})),
    trace: `${FIRST}
      started 2 GET · acquired #1 request 2 · retired #1 peer-close · finished 2 408 · > late
    `,
  },
  {
    name: "A resent request gets a fresh connection even if another one is idle",
    async server(peer) {
      for (;;) {
        const { path } = await peer.request();
        peer.signal(`arrived ${path}`);
        if ((await peer.wait(`then ${path}`)) === "close") return peer.end();
        await peer.send(ok(path));
      }
    },
    async client({ get, wait, signal, note }) {
      const [first, second] = [get("/1"), get("/2")];
      await wait("arrived /1");
      await wait("arrived /2");
      signal("then /1");
      await first;
      signal("then /2");
      await second;
      signal("then /stale", "close");
      signal("then /stale");
      note(await get("/stale"));
    },
    trace: `
      started 1 GET · queued (1 waiting) · started 2 GET · queued (2 waiting)
      opened #1 · acquired #1 request 1 · opened #2 · acquired #2 request 1
      released #1 · finished 1 200 · released #2 · finished 2 200
      started 3 GET · acquired #2 request 2
      retired #2 peer-closed · retried 3 stale-connection · queued (1 waiting)
      opened #3 · acquired #3 request 1 · released #3 · finished 3 200 · > /stale
    `,
  },
];

const unsafe: Scenario[] = [
  {
    name: "An unsafe request does not use a connection that was idle for longer than unsafeReuse",
    options: { unsafeReuse: 20 },
    async client({ get, sleep }) {
      await get();
      await sleep(40);
      await get("/", { method: "POST", body: "x" });
      await sleep(40);
      await get("/", { method: "GET" });
    },
    trace: `${FIRST}
      started 2 POST · queued (1 waiting) · opened #2 · acquired #2 request 1 · released #2 · finished 2 200
      started 3 GET · acquired #2 request 2 · released #2 · finished 3 200
    `,
  },
  {
    name: "An unsafe request uses a connection that the server announced to keep",
    options: { unsafeReuse: 20 },
    async server(peer) {
      for (;;) {
        await peer.request();
        await peer.send(ok("ok", "keep-alive: timeout=60"));
      }
    },
    async client({ get, sleep }) {
      await get();
      await sleep(40);
      await get("/", { method: "POST", body: "x" });
    },
    trace: `${FIRST}
      started 2 POST · acquired #1 request 2 · released #1 · finished 2 200
    `,
  },
  {
    name: "An unsafe request does not use a connection that was preconnected longer ago than unsafeReuse",
    options: { unsafeReuse: 20 },
    async client({ pool, url, get, sleep }) {
      await pool.preconnect(url());
      await sleep(40);
      await get("/", { method: "POST", body: "x" });
    },
    trace: `
      opened #1
      started 1 POST · queued (1 waiting) · opened #2 · acquired #2 request 1 · released #2 · finished 1 200
    `,
  },
];

export const retry: Scenario[] = [...stale, ...limitsOfRetry, ...unsafe];
