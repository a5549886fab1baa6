/** Fetching: what `pool.fetch()` adds to a request, and what happens to the connection. */

import { gzipSync } from "node:zlib";
import { HoldfastError } from "../../../mod.ts";
import type { Peer } from "../harness/peer.ts";
import { head, ok } from "../harness/responses.ts";
import type { Act, Scenario } from "../harness/scenario.ts";

const FIRST = "started 1 GET · queued (1 waiting) · opened #1 · acquired #1 request 1";

function redirect(status: string, location: string): string {
  return `${head(status, "content-length: 6", `location: ${location}`)}moved.`;
}

/** Redirects `/from`, and echoes requests to any other path. */
function sendsOn(status: string, to: string): (peer: Peer) => Promise<void> {
  return async (peer) => {
    for (;;) {
      const { method, path } = await peer.request();
      await peer.send(path === "/from" ? redirect(status, to) : ok(`${method} ${path}`));
    }
  };
}

/** Notes the error that fetch rejects with. */
async function noteFailure({ rejection, note }: Act, promise: Promise<unknown>): Promise<void> {
  const error = await rejection(promise);
  const { name, cause } = Object(error);
  note(`${name}: ${cause instanceof HoldfastError ? cause.code : String(cause)}`);
}

function zipped(text: string): Uint8Array {
  const body = gzipSync(text);
  const start = head("200 OK", `content-length: ${body.length}`, "content-encoding: gzip");
  return Buffer.concat([Buffer.from(start), body]);
}

const redirects: Scenario[] = [
  {
    name: "A redirect is followed on the same connection",
    server: sendsOn("302 Found", "/to"),
    async client({ pool, url, note }) {
      const answer = await pool.fetch(url("/from"));
      note(`${answer.redirected} ${new URL(answer.url).pathname} ${await answer.text()}`);
    },
    trace: `${FIRST} · released #1 · finished 1 302
      started 2 GET · acquired #1 request 2 · released #1 · finished 2 200 · > true /to GET /to
    `,
  },
  {
    name: "303 turns a POST into a GET, 307 does not",
    async server(peer) {
      for (;;) {
        const { method, path } = await peer.request();
        if (path === "/303") await peer.send(redirect("303 See Other", "/to"));
        else if (path === "/307") await peer.send(redirect("307 Temporary Redirect", "/to"));
        else await peer.send(ok(method));
      }
    },
    async client({ pool, url, note }) {
      for (const path of ["/303", "/307"])
        note(await (await pool.fetch(url(path), { method: "POST", body: "x" })).text());
    },
    trace: `
      started 1 POST · queued (1 waiting) · opened #1 · acquired #1 request 1 · released #1 · finished 1 303
      started 2 GET · acquired #1 request 2 · released #1 · finished 2 200 · > GET
      started 3 POST · acquired #1 request 3 · released #1 · finished 3 307
      started 4 POST · acquired #1 request 4 · released #1 · finished 4 200 · > POST
    `,
  },
  {
    name: "redirect: error rejects, and the connection is kept",
    server: sendsOn("301 Moved Permanently", "/to"),
    async client(act) {
      await noteFailure(act, act.pool.fetch(act.url("/from"), { redirect: "error" }));
      act.note(await act.get("/2"));
    },
    trace: `${FIRST} · released #1 · finished 1 301 · > TypeError: ERR_REDIRECT
      started 2 GET · acquired #1 request 2 · released #1 · finished 2 200 · > GET /2
    `,
  },
  {
    name: "redirect: manual returns the redirect",
    server: sendsOn("308 Permanent Redirect", "/to"),
    async client({ pool, url, note }) {
      const answer = await pool.fetch(url("/from"), { redirect: "manual" });
      note(`${answer.status} ${answer.headers.get("location")} ${await answer.text()}`);
    },
    trace: `${FIRST} · released #1 · finished 1 308 · > 308 /to moved.`,
  },
  {
    name: "A redirect to another scheme is refused",
    server: sendsOn("302 Found", "ftp://127.0.0.1/"),
    client: (act) => noteFailure(act, act.pool.fetch(act.url("/from"))),
    trace: `${FIRST} · released #1 · finished 1 302 · > TypeError: ERR_REDIRECT`,
  },
];

const decoding: Scenario[] = [
  {
    name: "fetch decodes a body that request leaves encoded",
    async server(peer) {
      for (;;) {
        await peer.request();
        await peer.send(zipped("decoded"));
      }
    },
    async client({ pool, url, request, note }) {
      note(await (await pool.fetch(url())).text());
      const bytes = await (await request()).bytes();
      note(`${bytes[0]} ${bytes[1]}`);
    },
    trace: `${FIRST} · released #1 · finished 1 200 · > decoded
      started 2 GET · acquired #1 request 2 · released #1 · finished 2 200 · > 31 139
    `,
  },
  {
    name: "A body that cannot be decoded fails, and the connection is kept",
    async server(peer) {
      await peer.request();
      await peer.send(ok("this is no gzip at all", "content-encoding: gzip"));
      await peer.request();
      await peer.send(ok());
    },
    async client(act) {
      const answer = await act.pool.fetch(act.url());
      await noteFailure(act, answer.text());
      act.note(await act.get());
    },
    trace: `${FIRST} · released #1 · finished 1 200 · > TypeError: ERR_DECODE
      started 2 GET · acquired #1 request 2 · released #1 · finished 2 200 · > ok
    `,
  },
];

const others: Scenario[] = [
  {
    name: "fetch rejects with a TypeError whose cause is the error of the pool",
    async server(peer) {
      await peer.request();
      await peer.send("nonsense\r\n\r\n");
    },
    client: (act) => noteFailure(act, act.pool.fetch(act.url())),
    trace: `${FIRST}
      retired #1 bad-framing · failed 1 ERR_PROTOCOL in headers (remote bad-status-line)
      > TypeError: ERR_PROTOCOL
    `,
  },
  {
    name: "A Request of the runtime can be fetched, including its body",
    async server(peer) {
      const request = await peer.head();
      const body = (await peer.read(Number(request.header("content-length")))).toString();
      await peer.send(ok(`${request.method} ${request.header("content-type")} ${body}`));
    },
    async client({ pool, url, note }) {
      const request = new Request(url(), {
        method: "POST",
        headers: { "content-type": "text/x-test" },
        body: "a body",
      });
      note(await (await pool.fetch(request)).text());
    },
    trace: `
      started 1 POST · queued (1 waiting) · opened #1 · acquired #1 request 1
      released #1 · finished 1 200 · > POST text/x-test a body
    `,
  },
  {
    name: "Parallel fetches of a closed origin fail separately",
    async client(act) {
      const answers = [1, 2].map(() => act.pool.fetch("http://127.0.0.1:10001/"));
      await Promise.allSettled(answers);
      for (const answer of answers) await noteFailure(act, answer);
    },
    trace: `
      started 1 GET · queued (1 waiting) · started 2 GET · queued (2 waiting)
      retired #1 connect-failed · failed 1 ERR_CONNECT in connect
      retired #2 connect-failed · failed 2 ERR_CONNECT in connect
      > TypeError: ERR_CONNECT · > TypeError: ERR_CONNECT
    `,
  },
];

export const fetching: Scenario[] = [...redirects, ...decoding, ...others];
