/** Messages over HTTP/2: requests and responses of every shape, on one connection. */

import { END_STREAM, headers } from "../../../http2/frame-text.ts";
import { LARGE } from "../../harness/flow.ts";
import { echo, http2 } from "../../harness/http2-peer.ts";
import { isPattern, PIECE, pattern } from "../../harness/responses.ts";
import type { Scenario } from "../../harness/scenario.ts";
import { FIRST, FIRST_POST, H2 } from "./words.ts";

const encoder = new TextEncoder();

async function* pieces(length: number): AsyncGenerator<Uint8Array> {
  for (let at = 0; at < length; at += PIECE) yield pattern(Math.min(PIECE, length - at), at);
}

export const messages: Scenario[] = [
  {
    name: "HTTP/2: requests one after the other share a connection, and say its protocol",
    options: H2,
    server: http2(echo),
    async client({ request, note, pool }) {
      for (const path of ["/1", "/2?x=y"]) {
        const answer = await request(path);
        note(`${await answer.text()} ${answer.connection.protocol} "${answer.statusText}"`);
      }
      note(`${pool.stats().idle} idle`);
    },
    trace: `${FIRST} · released #1 · finished 1 200 · > GET /1 h2 ""
      started 2 GET · acquired #1 request 2 · released #1 · finished 2 200 · > GET /2?x=y h2 "" · > 1 idle
    `,
  },
  {
    name: "HTTP/2: a response to HEAD has a length and no body",
    options: H2,
    server: http2(async (h2) => {
      (await h2.request()).head(200, [["content-length", "5"]], END_STREAM);
      await echo(h2);
    }),
    async client({ request, get, note }) {
      const answer = await request("/", { method: "HEAD" });
      note(`${answer.headers.get("content-length")} "${await answer.text()}"`);
      note(await get());
    },
    trace: `started 1 HEAD · queued (1 waiting) · opened #1 · acquired #1 request 1
      released #1 · finished 1 200 · > 5 ""
      started 2 GET · acquired #1 request 2 · released #1 · finished 2 200 · > GET /
    `,
  },
  {
    name: "HTTP/2: bodies of known and of unknown length arrive completely",
    options: H2,
    server: http2(async (h2) => {
      for (;;) {
        const stream = await h2.request();
        await stream.ended();
        const te = stream.field("transfer-encoding") ?? "not chunked";
        stream.answer(`${stream.field("content-length")}: ${stream.received}, ${te}`);
      }
    }),
    async client({ get, note }) {
      note(await get("/", { method: "POST", body: "ten bytes." }));
      note(await get("/", { method: "PUT", body: pattern(LARGE) }));
      note(await get("/", { method: "PUT", body: pieces(LARGE) }));
      note(await get("/", { method: "POST", body: "" }));
    },
    trace: `${FIRST_POST} · released #1 · finished 1 200 · > 10: 10, not chunked
      started 2 PUT · acquired #1 request 2 · released #1 · finished 2 200 · > ${LARGE}: ${LARGE}, not chunked
      started 3 PUT · acquired #1 request 3 · released #1 · finished 3 200 · > undefined: ${LARGE}, not chunked
      started 4 POST · acquired #1 request 4 · released #1 · finished 4 200 · > 0: 0, not chunked
    `,
  },
  {
    name: "HTTP/2: a large response arrives completely, whatever its length says",
    options: H2,
    server: http2(async (h2) => {
      for (;;) {
        const stream = await h2.request();
        stream.head(200, stream.path === "/known" ? [["content-length", `${LARGE}`]] : []);
        await stream.send(pattern(LARGE));
        stream.data("", END_STREAM);
      }
    }),
    async client({ request, note }) {
      for (const path of ["/known", "/unknown"]) {
        const bytes = await (await request(path)).bytes();
        note(`${bytes.length} ${isPattern(bytes) ? "intact" : "damaged"}`);
      }
    },
    trace: `${FIRST} · released #1 · finished 1 200 · > ${LARGE} intact
      started 2 GET · acquired #1 request 2 · released #1 · finished 2 200 · > ${LARGE} intact
    `,
  },
  {
    name: "HTTP/2: trailers follow a response, with a body and without",
    options: H2,
    server: http2(async (h2) => {
      const first = await h2.request();
      first.head();
      first.data("body");
      first.end([["x-sum", "1"]]);
      const second = await h2.request();
      second.head();
      second.end([["x-sum", "2"]]);
    }),
    async client({ request, note }) {
      for (let count = 0; count < 2; count++) {
        const answer = await request();
        note(`"${await answer.text()}" ${answer.trailers.join(" ")}`);
      }
    },
    trace: `${FIRST} · released #1 · finished 1 200 · > "body" x-sum,1
      started 2 GET · acquired #1 request 2 · released #1 · finished 2 200 · > "" x-sum,2
    `,
  },
  {
    name: "HTTP/2: interim responses are passed over",
    options: H2,
    server: http2(async (h2) => {
      const stream = await h2.request();
      stream.head(103, [["link", "</style.css>; rel=preload"]]);
      stream.head(102);
      stream.answer("final");
    }),
    async client({ get, note }) {
      note(await get());
    },
    trace: `${FIRST} · released #1 · finished 1 200 · > final`,
  },
  {
    name: "HTTP/2: with Expect the body waits for 100 Continue",
    options: H2,
    calm: true,
    server: http2(async (h2) => {
      const stream = await h2.request();
      h2.signal("asked", `${stream.field("expect")} ${stream.isEnded} ${stream.received}`);
      await h2.wait("continue");
      stream.head(100);
      stream.answer(await stream.ended());
    }),
    async client({ get, wait, signal, note }) {
      const answer = get("/", { method: "POST", body: "wait", headers: { expect: "100-continue" } });
      note(await wait("asked"));
      signal("continue");
      note(await answer);
    },
    trace: `${FIRST_POST} · > 100-continue false 0 · released #1 · finished 1 200 · > wait`,
  },
  {
    name: "HTTP/2: a final response instead of 100 Continue ends the request without its body",
    options: H2,
    calm: true,
    server: http2(async (h2) => {
      const stream = await h2.request();
      stream.head(417, [], END_STREAM);
      h2.signal("reset", await stream.wasReset());
      await echo(h2);
    }),
    async client({ request, get, wait, note }) {
      const headers = { expect: "100-continue" };
      const answer = await request("/", { method: "POST", body: "unwanted", headers });
      note(answer.status);
      note(await wait("reset"));
      note(await get());
    },
    trace: `${FIRST_POST} · released #1 · finished 1 417 · > 417 · > NO_ERROR
      started 2 GET · acquired #1 request 2 · released #1 · finished 2 200 · > GET /
    `,
  },
  {
    name: "HTTP/2: a response may begin and go on while the request is being sent",
    options: H2,
    server: http2(async (h2) => {
      const stream = await h2.request();
      stream.head();
      for (let bytes = 1; bytes <= 3; bytes++) {
        await stream.arrived(bytes);
        stream.data(`${bytes}`);
      }
      await stream.ended();
      stream.end([["status", "done"]]);
    }),
    async client({ request, note }) {
      let more: (() => void) | undefined;
      async function* talk(): AsyncGenerator<Uint8Array> {
        for (const letter of "abc") {
          yield encoder.encode(letter);
          await new Promise<void>((resolve) => {
            more = resolve;
          });
        }
      }
      const answer = await request("/", { method: "POST", body: talk() });
      const decoder = new TextDecoder();
      for await (const piece of answer.body) {
        note(decoder.decode(piece));
        more?.();
      }
      note(answer.trailers.join());
    },
    trace: `${FIRST_POST} · > 1 · > 2 · > 3 · released #1 · finished 1 200 · > status,done`,
  },
  {
    name: "HTTP/2: a complete response ends an upload that nobody reads, and the connection goes on",
    options: H2,
    server: http2(async (h2) => {
      h2.givesBack = false;
      const stream = await h2.request();
      stream.head(413, [], END_STREAM);
      h2.signal("reset", await stream.wasReset());
      await echo(h2);
    }),
    async client({ request, get, wait, note }) {
      const answer = await request("/", { method: "POST", body: pieces(LARGE) });
      note(answer.status);
      note(await wait("reset"));
      note(await get());
    },
    trace: `${FIRST_POST} · released #1 · finished 1 413 · > 413 · > NO_ERROR
      started 2 GET · acquired #1 request 2 · released #1 · finished 2 200 · > GET /
    `,
  },
  {
    name: "HTTP/2: fields arrive in lower case, a cookie in crumbs, and 421 is the caller's",
    options: H2,
    server: http2(async (h2) => {
      const stream = await h2.request();
      const cookies = stream.fields.filter(([name]) => name === "cookie").map(([, value]) => value);
      const names = stream.fields.map(([name]) => name).filter((name) => name.startsWith(":"));
      h2.signal("got", `${names.join("")} ${stream.field("x-name")} ${cookies.join("|")}`);
      h2.write(
        headers(
          stream.id,
          [
            [":status", "421"],
            ["x-why", "other origin"],
          ],
          END_STREAM,
        ),
      );
    }),
    async client({ request, wait, note }) {
      const answer = await request("/", { headers: { "X-Name": "value", Cookie: "a=1; b=2" } });
      note(await wait("got"));
      note(`${answer.status} ${answer.headers.get("x-why")}`);
    },
    trace: `${FIRST} · released #1 · finished 1 421
      > :method:scheme:authority:path value a=1|b=2 · > 421 other origin
    `,
  },
  {
    name: "HTTP/2: fetch follows a redirect on the same connection",
    options: H2,
    server: http2(async (h2) => {
      const stream = await h2.request();
      stream.head(302, [["location", "/there"]], END_STREAM);
      await echo(h2);
    }),
    async client({ pool, url, note }) {
      const answer = await pool.fetch(url());
      note(`${await answer.text()} ${new URL(answer.url).pathname}`);
    },
    trace: `${FIRST} · released #1 · finished 1 302
      started 2 GET · acquired #1 request 2 · released #1 · finished 2 200 · > GET /there /there
    `,
  },
];
