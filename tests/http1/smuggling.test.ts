/**
 * Response smuggling and splitting: whatever a server or something between sends, each response belongs to its
 * request, and what lies behind one never becomes another. Each case is followed by a request that must get its own
 * answer, from a fresh connection where the old one cannot be trusted.
 */

import { describe, it } from "node:test";
import { assertEquals, assertNotEquals } from "@std/assert";
import { createPool, type PoolEvent, ProtocolError } from "../../mod.ts";
import { type MemoryPeer, memoryTransport } from "../../transports/memory.ts";
import { settled } from "../fetch/support.ts";

const EVIL = "HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nevil";
const OWN = "HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\nown";

interface Outcome {
  /** Body of the attacked response, or the fault it failed with. */
  readonly first: string;
  /** Body of the one that follows. */
  readonly second: string;
  readonly connections: number;
  readonly retired: string[];
}

/** Sends two requests; the first gets `attack`, in one packet or byte by byte, and then a FIN if asked for. */
async function attacked(
  attack: string,
  { bytewise = false, fin = false, method = "GET" } = {},
): Promise<Outcome> {
  const events: PoolEvent[] = [];
  const accept = (peer: MemoryPeer): void => {
    let requests = 0;
    peer.onData(() => {
      requests += 1;
      if (peer.id > 1 || requests > 1) return peer.send(method === "HEAD" ? OWN.slice(0, -3) : OWN);
      for (const piece of bytewise ? attack : [attack]) peer.send(piece);
      if (fin) peer.end();
    });
  };
  const transport = memoryTransport({ accept });
  const pool = createPool({ transport, onEvent: (event) => events.push(event) });
  const ask = () =>
    pool
      .request("http://a.test/", { method })
      .then((response) => response.text())
      .catch((error) => (error instanceof ProtocolError ? error.fault : `${error.code ?? error}`));
  const first = await ask();
  await settled();
  const second = await ask();
  const retired = events.flatMap((event) => (event.type === "connection.retired" ? [event.reason] : []));
  const connections = transport.attempts;
  const alive = setInterval(() => {}, 1000);
  await pool.close({ timeout: 0 });
  clearInterval(alive);
  return { first, second: method === "HEAD" ? "own" : second, connections, retired };
}

const chunked = (coding: string): string => `HTTP/1.1 200 OK\r\n${coding}\r\n\r\n0\r\n\r\n${EVIL}`;

/** Attacks, with what becomes of the response and why the connection ends. */
const ATTACKS: Record<string, [attack: string, first: string, reason: string]> = {
  "a second response in the same packet": [`${OWN}${EVIL}`, "own", "bad-framing"],
  "a second response behind chunks": [chunked("Transfer-Encoding: chunked"), "", "bad-framing"],
  "a second response behind a 204": [`HTTP/1.1 204 No Content\r\n\r\n${EVIL}`, "", "bad-framing"],
  "a second response behind a 304": [
    `HTTP/1.1 304 Not Modified\r\nContent-Length: 41\r\n\r\n${EVIL}`,
    "",
    "bad-framing",
  ],
  "a second response behind Content-Length: 0": [
    `HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n${EVIL}`,
    "",
    "bad-framing",
  ],
  "an empty line behind the response": [`${OWN}\r\n`, "own", "bad-framing"],
  "a single byte behind the response": [`${OWN}x`, "own", "bad-framing"],
  "Content-Length beside Transfer-Encoding": [
    "HTTP/1.1 200 OK\r\nContent-Length: 4\r\nTransfer-Encoding: chunked\r\n\r\n1\r\nx\r\n0\r\n\r\n",
    "x",
    "bad-framing",
  ],
  "Transfer-Encoding beside Content-Length": [
    `HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nContent-Length: 4\r\n\r\n0\r\n\r\n${EVIL}`,
    "",
    "bad-framing",
  ],
  "Transfer-Encoding on HTTP/1.0": [
    "HTTP/1.0 200 OK\r\nConnection: keep-alive\r\nTransfer-Encoding: chunked\r\n\r\n1\r\nx\r\n0\r\n\r\n",
    "x",
    "bad-framing",
  ],
  "two lengths that differ": [
    `HTTP/1.1 200 OK\r\nContent-Length: 0\r\nContent-Length: 41\r\n\r\n${EVIL}`,
    "bad-content-length",
    "bad-framing",
  ],
  "a list of lengths that differ": [
    `HTTP/1.1 200 OK\r\nContent-Length: 0, 41\r\n\r\n${EVIL}`,
    "bad-content-length",
    "bad-framing",
  ],
  "a length with a plus": [
    `HTTP/1.1 200 OK\r\nContent-Length: +0\r\n\r\n${EVIL}`,
    "bad-content-length",
    "bad-framing",
  ],
  "chunked twice": [chunked("Transfer-Encoding: chunked, chunked"), "bad-transfer-encoding", "bad-framing"],
  "chunked on two lines": [
    chunked("Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked"),
    "bad-transfer-encoding",
    "bad-framing",
  ],
  xchunked: [chunked("Transfer-Encoding: xchunked"), "bad-transfer-encoding", "bad-framing"],
  "chunked, identity": [
    chunked("Transfer-Encoding: chunked, identity"),
    "bad-transfer-encoding",
    "bad-framing",
  ],
  "identity, chunked": [
    chunked("Transfer-Encoding: identity, chunked"),
    "bad-transfer-encoding",
    "bad-framing",
  ],
  "chunked with a vertical tab": [chunked("Transfer-Encoding: \vchunked"), "bad-header", "bad-framing"],
  "chunked with a no-break space": [
    chunked("Transfer-Encoding: \xa0chunked"),
    "bad-transfer-encoding",
    "bad-framing",
  ],
  "chunked with NUL behind it": [chunked("Transfer-Encoding: chunked\0"), "bad-header", "bad-framing"],
  "chunked behind a bare CR": [chunked("X: y\rTransfer-Encoding: chunked"), "bad-line-ending", "bad-framing"],
  "chunked behind a bare LF": [chunked("X: y\nTransfer-Encoding: chunked"), "bad-line-ending", "bad-framing"],
  "chunked in a fold": [chunked("Transfer-Encoding:\r\n chunked"), "bad-header", "bad-framing"],
  "chunked that is folded on": [chunked("Transfer-Encoding: chunked\r\n ,x"), "bad-header", "bad-framing"],
  "a space before the colon of Transfer-Encoding": [
    chunked("Transfer-Encoding : chunked"),
    "bad-header",
    "bad-framing",
  ],
  "a tab before the colon of Content-Length": [
    `HTTP/1.1 200 OK\r\nContent-Length\t: 0\r\n\r\n${EVIL}`,
    "bad-header",
    "bad-framing",
  ],
  "a space before Transfer-Encoding": [
    chunked("X: y\r\nTransfer-Encoding: x\r\n Transfer-Encoding: chunked"),
    "bad-header",
    "bad-framing",
  ],
  "a chunk size that wraps at 32 bits": [
    `HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n100000000\r\n\r\n0\r\n\r\n`,
    "ERR_CONNECTION_LOST",
    "peer-closed",
  ],
  "a chunk size that wraps at 64 bits": [
    `HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n10000000000000000\r\n\r\n`,
    "bad-chunk",
    "bad-framing",
  ],
  "a chunk size with 0x": [
    "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n0x3\r\nabc\r\n0\r\n\r\n",
    "bad-chunk",
    "bad-framing",
  ],
  "a chunk size in two parts": [
    "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3 1\r\nabc\r\n0\r\n\r\n",
    "bad-chunk",
    "bad-framing",
  ],
  "a chunk whose size line ends with LF": [
    "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\nabc\r\n0\r\n\r\n",
    "bad-chunk",
    "bad-framing",
  ],
  "a line end hidden in a chunk extension (LF)": [
    `HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3;\nabc\r\n0\r\n\r\n`,
    "bad-chunk",
    "bad-framing",
  ],
  "a line end hidden in a quotation": [
    `HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3;a="\r\nabc\r\n0\r\n\r\n${EVIL}"`,
    "bad-chunk",
    "bad-framing",
  ],
  "a chunk longer than its size": [
    "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabcd\r\n0\r\n\r\n",
    "bad-chunk",
    "bad-framing",
  ],
  "a response for trailers": [
    `HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n${EVIL}`,
    "bad-trailer",
    "bad-framing",
  ],
  "a header value split by CR LF and an empty line": [
    `HTTP/1.1 302 Found\r\nLocation: /\r\nContent-Length: 0\r\n\r\n${EVIL}\r\nX: injected\r\n\r\n`,
    "",
    "bad-framing",
  ],
  "NUL in a header value": [
    `HTTP/1.1 200 OK\r\nX: a\0b\r\nContent-Length: 3\r\n\r\nown`,
    "bad-header",
    "bad-framing",
  ],
  "a status line that is split": [
    `HTTP/1.1 200\r\nOK\r\nContent-Length: 3\r\n\r\nown`,
    "bad-header",
    "bad-framing",
  ],
  "101 that nobody asked for": [
    `HTTP/1.1 101 Switching Protocols\r\nUpgrade: x\r\n\r\n${EVIL}`,
    "unexpected-upgrade",
    "bad-framing",
  ],
  "a flood of interim responses": [
    "HTTP/1.1 103 Hints\r\n\r\n".repeat(4000) + OWN,
    "too-many-informational",
    "bad-framing",
  ],
  "an interim response behind the final one": [`${OWN}HTTP/1.1 103 Hints\r\n\r\n`, "own", "bad-framing"],
};

describe("the next request gets its own response after", () => {
  for (const [name, [attack, first, reason]] of Object.entries(ATTACKS)) {
    it(`${name}, in one packet`, async () => {
      const outcome = await attacked(attack, { fin: reason === "peer-closed" });
      assertEquals(outcome, { first, second: "own", connections: 2, retired: [reason] });
    });

    it(`${name}, byte by byte`, async () => {
      const outcome = await attacked(attack, { bytewise: true, fin: reason === "peer-closed" });
      const { connections, retired } = outcome;
      assertEquals([outcome.first, outcome.second], [first, "own"]);
      assertEquals([connections, retired.length], [2, 1]);
      // What comes behind a response in a packet of its own is unsolicited rather than surplus.
      assertEquals([reason, "unsolicited-data"].includes(retired[0] ?? ""), true, retired[0]);
    });
  }

  it("a body in the response to HEAD", async () => {
    const outcome = await attacked("HTTP/1.1 200 OK\r\nContent-Length: 41\r\n\r\n", { method: "HEAD" });
    assertEquals([outcome.connections, outcome.retired], [1, []]);
    const smuggled = await attacked(`HTTP/1.1 200 OK\r\nContent-Length: 41\r\n\r\n${EVIL}`, {
      method: "HEAD",
    });
    assertEquals([smuggled.connections, smuggled.retired], [2, ["bad-framing"]]);
  });

  it("trailers that would frame, route or authenticate", async () => {
    const fields = "Content-Length: 0\r\nTransfer-Encoding: x\r\nConnection: close\r\nSet-Cookie: a=b\r\n";
    const outcome = await attacked(
      `HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nown\r\n0\r\n${fields}\r\n`,
    );
    assertEquals(outcome, { first: "own", second: "own", connections: 1, retired: [] });
  });
});

describe("a response that arrives before any request", () => {
  it("when the connection opens is never taken for a response", async () => {
    let opened = 0;
    const transport = memoryTransport({
      accept: (peer) => {
        opened += 1;
        if (opened === 1) peer.send(EVIL);
        peer.onData(() => peer.send(OWN));
      },
    });
    const pool = createPool({ transport });
    await pool.preconnect("http://a.test");
    await settled();
    assertEquals(await (await pool.request("http://a.test/")).text(), "own");
    assertEquals(transport.attempts, 2);
    await pool.close();
  });

  it("on an idle connection is never taken for a response, whenever it arrives", async () => {
    const events: PoolEvent[] = [];
    const transport = memoryTransport({ accept: (peer) => peer.onData(() => peer.send(OWN)) });
    const pool = createPool({ transport, onEvent: (event) => events.push(event) });
    for (const unsolicited of [EVIL, "\r\n", "H", "HTTP/1.1 408 Timeout\r\nConnection: close\r\n\r\n"]) {
      assertEquals(await (await pool.request("http://a.test/")).text(), "own");
      const peer = transport.peers.at(-1);
      peer?.send(unsolicited);
      await settled();
      assertEquals(await (await pool.request("http://a.test/")).text(), "own");
      assertNotEquals(transport.peers.at(-1), peer);
    }
    const reasons = events.flatMap((event) => (event.type === "connection.retired" ? [event.reason] : []));
    assertEquals(reasons, Array(4).fill("unsolicited-data"));
    await pool.close();
  });
});
