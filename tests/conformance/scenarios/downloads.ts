/** Downloads: large, slow and oddly split response bodies. */

import { chunk, ENDLESS, LARGE, standstill } from "../harness/flow.ts";
import { head, isPattern, ok, okHead, sendPattern } from "../harness/responses.ts";
import type { Scenario } from "../harness/scenario.ts";

const FIRST = "started 1 GET · queued (1 waiting) · opened #1 · acquired #1 request 1";
const AGAIN = "started 2 GET · acquired #1 request 2 · released #1 · finished 2 200 · > ok";

const CHUNKED = "transfer-encoding: chunked";

async function readAll({ body }: { body: ReadableStream<Uint8Array> }): Promise<string> {
  let at = 0;
  let intact = true;
  for await (const piece of body as unknown as AsyncIterable<Uint8Array>) {
    intact &&= isPattern(piece, at);
    at += piece.length;
  }
  return `${at}${intact ? "" : ", damaged"}`;
}

/** Waits for a turn of the server's event loop, so that the next byte is a separate packet. */
function turn(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}

export const downloads: Scenario[] = [
  {
    name: "A large response body arrives completely",
    async server(peer) {
      await peer.request();
      await peer.send(okHead(LARGE));
      await sendPattern(LARGE, (piece) => peer.send(piece));
      await peer.request();
      await peer.send(ok());
    },
    async client({ request, get, note }) {
      const bytes = await (await request()).bytes();
      note(`${bytes.length}${isPattern(bytes) ? "" : ", damaged"}`);
      note(await get());
    },
    trace: `${FIRST} · released #1 · finished 1 200 · > ${LARGE} · ${AGAIN}`,
  },
  {
    name: "A large chunked body is streamed, followed by its trailers",
    async server(peer) {
      await peer.request();
      await peer.send(head("200 OK", CHUNKED, "trailer: x-sum"));
      await sendPattern(LARGE, (piece) => peer.send(chunk(piece)));
      await peer.send("0\r\nX-Sum: right\r\nContent-Length: 3\r\n\r\n");
      await peer.request();
      await peer.send(ok());
    },
    async client({ request, get, note }) {
      const answer = await request();
      note(await readAll(answer));
      // A framing field must not be a trailer (RFC 9110 §6.5.1).
      note(JSON.stringify(answer.trailers));
      note(await get());
    },
    trace: `${FIRST} · released #1 · finished 1 200 · > ${LARGE} · > [["x-sum","right"]] · ${AGAIN}`,
  },
  {
    name: "A response may arrive byte by byte",
    async server(peer) {
      await peer.request();
      const response = `${head("200 OK", CHUNKED)}2;x="y"\r\nbi\r\n1\r\nt\r\n00\r\nA: b\r\n\r\n`;
      for (const byte of response) {
        await peer.send(byte);
        await turn();
      }
      await peer.request();
      await peer.send(ok());
    },
    async client({ request, get, note }) {
      const answer = await request();
      note(await answer.text());
      note(JSON.stringify(answer.trailers));
      note(await get());
    },
    trace: `${FIRST} · released #1 · finished 1 200 · > bit · > [["a","b"]] · ${AGAIN}`,
  },
  {
    name: "A body that is not read stops the server, and continues when it is read",
    async server(peer) {
      await peer.request();
      await peer.send(okHead(ENDLESS));
      let sent = 0;
      const sending = sendPattern(ENDLESS, async (piece) => {
        await peer.send(piece);
        sent += piece.length;
      });
      await standstill(() => sent);
      peer.signal("standing", sent < ENDLESS ? "before the end" : "at the end");
      await sending;
      await peer.request();
      await peer.send(ok());
    },
    async client({ request, get, wait, note }) {
      const answer = await request();
      note(`the server stands ${await wait("standing")}`);
      note(await readAll(answer));
      note(await get());
    },
    trace: `${FIRST}
      > the server stands before the end
      released #1 · finished 1 200 · > ${ENDLESS}
      ${AGAIN}
    `,
  },
  {
    name: "A body stream that is read slowly slows down the server",
    async server(peer) {
      await peer.request();
      await peer.send(okHead(ENDLESS));
      let sent = 0;
      const sending = sendPattern(ENDLESS, async (piece) => {
        await peer.send(piece);
        sent += piece.length;
      });
      await standstill(() => sent);
      peer.signal("standing", sent < ENDLESS ? "before the end" : "at the end");
      await sending;
    },
    async client({ pool, url, wait, note }) {
      const answer = await pool.fetch(url());
      const reader = (answer.body as ReadableStream<Uint8Array>).getReader();
      let length = (await reader.read()).value?.length ?? 0;
      note(`the server stands ${await wait("standing")}`);
      for (let next = await reader.read(); !next.done; next = await reader.read())
        length += next.value.length;
      note(length);
    },
    trace: `${FIRST}
      > the server stands before the end
      released #1 · finished 1 200 · > ${ENDLESS}
    `,
  },
];
