/** The memory transport behaves like a socket, and lets a test break every promise of one. */

import { describe, it } from "node:test";
import { assert, assertEquals, assertRejects, assertStrictEquals, assertThrows } from "@std/assert";
import { TransportError } from "../../src/contract/transport.ts";
import { type MemoryOptions, type MemoryPeer, memoryTransport } from "../../transports/memory.ts";
import { patient, Recorder, target, tls } from "./support.ts";

async function open(options: MemoryOptions = {}) {
  const transport = memoryTransport(options);
  const seen = new Recorder();
  const connecting = transport.connect(target(80, { hostname: "a.test" }), seen, patient);
  transport.flush();
  const socket = await connecting;
  return { transport, socket, seen, peer: transport.peers[0] as MemoryPeer };
}

/** Waits until all microtasks have run. */
const settled = (): Promise<void> => new Promise((resolve) => setTimeout(resolve, 0));

describe("memoryTransport", () => {
  it("copies bytes in both directions", async () => {
    const { socket, seen, peer } = await open({ accept: (peer) => peer.onData((bytes) => peer.send(bytes)) });
    const body = new Uint8Array([98, 99]);
    assert(socket.write("a\xff", body, "d"));
    body.fill(0);
    await settled();
    assertEquals([peer.receivedText, seen.text], ["a\xffbcd", "a\xffbcd"]);
  });

  it("delivers bytes of a peer that speaks first once connect has resolved", async () => {
    const seen = new Recorder();
    const transport = memoryTransport({ accept: (peer) => peer.send("hi") });
    await transport.connect(target(80), seen, patient);
    assertEquals(seen.text, "");
    await settled();
    assertEquals(seen.text, "hi");
  });

  it("returns false beyond the window while the peer does not read, then drains", async () => {
    const { socket, seen, peer } = await open({ window: 10 });
    peer.stopReading();
    assertEquals([socket.write("12345"), socket.write("67890"), socket.write("x")], [true, true, false]);
    await settled();
    assertEquals([peer.unread, peer.receivedText, seen.drains], [11, "", 0]);
    peer.startReading();
    await settled();
    assertEquals([peer.unread, peer.receivedText, seen.drains], [0, "1234567890x", 1]);
  });

  it("delivers nothing while paused, and the end after the data", async () => {
    const { socket, seen, peer } = await open();
    socket.pause();
    peer.send("late");
    peer.end();
    await settled();
    assertEquals([peer.paused, seen.length, seen.ends], [true, 0, []]);
    socket.resume();
    await settled();
    assertEquals([seen.text, seen.ends], ["late", [undefined]]);
  });

  it("reports FIN and RST once", async () => {
    for (const [how, kind] of [
      ["end", undefined],
      ["reset", "reset"],
    ] as const) {
      const { seen, peer } = await open();
      peer[how]();
      peer.end();
      peer.reset();
      await settled();
      assertEquals(
        seen.ends.map((error) => error?.kind),
        [kind],
      );
    }
  });

  it("tells the peer whether the pool closed or aborted, after the written bytes or without them", async () => {
    for (const [how, state, text] of [
      ["close", "closed", "bye"],
      ["abort", "aborted", ""],
    ] as const) {
      const { socket, seen, peer } = await open();
      const states: string[] = [];
      peer.onClosed((state) => states.push(state));
      socket.write("bye");
      socket[how]();
      socket[how]();
      peer.send("not delivered");
      await settled();
      assertEquals([peer.state, states, peer.receivedText, seen.ends], [state, [state], text, []]);
      assertEquals(seen.length, 0);
    }
  });

  it("shows whether the socket keeps the process alive, and the addresses", async () => {
    const { socket, peer } = await open();
    assertEquals([peer.hasRef, socket.remoteAddress, socket.remotePort, peer.id], [true, "a.test", 80, 1]);
    socket.ref(false);
    assertEquals(peer.hasRef, false);
  });

  it("fails to connect with every kind of error", async () => {
    for (const kind of ["dns", "refused", "unreachable", "timeout", "reset", "tls", "other"] as const) {
      const transport = memoryTransport({ connect: () => kind });
      const error = await assertRejects(
        () => transport.connect(target(80), new Recorder(), patient),
        TransportError,
      );
      assertEquals([error.kind, transport.peers.length, transport.attempts], [kind, 0, 1]);
    }
  });

  it("rejects with the signal's reason, even if the attempt never ends", async () => {
    const transport = memoryTransport({ connect: () => "never" });
    const aborting = new AbortController();
    const connecting = transport.connect(target(80), new Recorder(), aborting.signal).catch((error) => error);
    const reason = new Error("enough");
    aborting.abort(reason);
    assertStrictEquals(await connecting, reason);
    const again = await transport
      .connect(target(80), new Recorder(), aborting.signal)
      .catch((error) => error);
    assertStrictEquals(again, reason);
    assertEquals(transport.peers.length, 0);
  });

  it("rejects if the script throws", async () => {
    const transport = memoryTransport({
      accept() {
        throw new Error("a mistake in the test");
      },
    });
    await assertRejects(() => transport.connect(target(80), new Recorder(), patient), Error, "a mistake");
  });

  it("starts TLS, or refuses it", async () => {
    const { socket, peer } = await open();
    const secure = await socket.startTls(tls({ alpn: ["http/1.1"] }), patient);
    assertEquals([secure.alpn, peer.tls?.serverName], ["http/1.1", "localhost"]);
    const refusing = await open({ connect: ({ tls }) => (tls ? "tls" : "accept") });
    await assertRejects(() => refusing.socket.startTls(tls(), patient), TransportError);
  });

  it("delivers nothing by itself in manual mode", async () => {
    const { transport, socket, seen, peer } = await open({ manual: true });
    socket.write("one");
    socket.write("two");
    await settled();
    assertEquals(peer.receivedText, "");
    assertEquals([transport.step(), peer.receivedText], [true, "one"]);
    peer.send("answer");
    transport.flush();
    assertEquals([peer.receivedText, seen.text, transport.step()], ["onetwo", "answer", false]);
  });

  it("follows a scheduler, in order even if that shuffles events of equal time", async () => {
    const due: { at: number; callback: () => void }[] = [];
    let now = 0;
    const scheduler = {
      schedule(delayMs: number, callback: () => void) {
        due.unshift({ at: now + delayMs, callback });
        return { cancel() {} };
      },
    };
    const advance = (to: number): void => {
      now = to;
      for (const { callback } of due
        .splice(0)
        .filter(({ at, callback }) => at <= to || !due.push({ at, callback })))
        callback();
    };
    const transport = memoryTransport({
      scheduler,
      latencyMs: 5,
      accept: (peer) => peer.onData((b) => peer.send(b)),
    });
    const seen = new Recorder();
    const connecting = transport.connect(target(80), seen, patient);
    advance(5);
    const socket = await connecting;
    await settled();
    for (const text of ["a", "b", "c"]) socket.write(text);
    advance(9);
    assertEquals(transport.peers[0]?.receivedText, "");
    advance(10);
    assertEquals([transport.peers[0]?.receivedText, seen.text], ["abc", ""]);
    advance(15);
    assertEquals(seen.text, "abc");
  });

  it("refuses a delay without a scheduler", async () => {
    assertThrows(() => memoryTransport({ latencyMs: 5 }), TypeError, "scheduler");
    const transport = memoryTransport({ connect: () => ({ outcome: "accept", delayMs: 5 }) });
    await assertRejects(() => transport.connect(target(80), new Recorder(), patient), TypeError, "scheduler");
  });
});

describe("respond", () => {
  it("responds to requests in order, with bodies of known length and chunked", async () => {
    const { socket, seen } = await open({
      respond: ({ method, path, number, headers, text }) => ({
        headers: { "X-Number": String(number) },
        body: `${method} ${path} ${headers.get("a")} ${text()}`,
      }),
    });
    socket.write("POST /1 HTTP/1.1\r\nA: b\r\nContent-Length: 3\r\n\r\nab");
    await settled();
    assertEquals(seen.length, 0);
    socket.write(
      "cPUT /2 HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n2;x=y\r\nde\r\n1\r\nf\r\n0\r\nT: r\r\n\r\n",
    );
    socket.write("GET /3 HTTP/1.1\r\n\r\n");
    await settled();
    assertEquals(
      seen.text,
      "HTTP/1.1 200 \r\nX-Number: 1\r\nContent-Length: 13\r\n\r\nPOST /1 b abc" +
        "HTTP/1.1 200 \r\nX-Number: 2\r\nContent-Length: 15\r\n\r\nPUT /2 null def" +
        "HTTP/1.1 200 \r\nX-Number: 3\r\nContent-Length: 12\r\n\r\nGET /3 null ",
    );
  });

  it("waits for an asynchronous response before the next", async () => {
    const { socket, seen } = await open({
      respond: async ({ path }) => {
        await settled();
        return { body: path };
      },
    });
    socket.write("GET /1 HTTP/1.1\r\n\r\nGET /2 HTTP/1.1\r\n\r\n");
    await seen.until(() => seen.text.endsWith("/2"));
    assert(seen.text.indexOf("/1") < seen.text.indexOf("/2"));
  });

  it("sends a list as chunks, nothing for HEAD, and closes when asked", async () => {
    const { socket, seen, peer } = await open({
      respond: ({ number }) => ({ body: ["ab", "c"], close: number === 2 }),
    });
    socket.write("GET / HTTP/1.1\r\n\r\n");
    await settled();
    assertEquals(
      seen.text,
      "HTTP/1.1 200 \r\nTransfer-Encoding: chunked\r\n\r\n2\r\nab\r\n1\r\nc\r\n0\r\n\r\n",
    );
    socket.write("HEAD / HTTP/1.1\r\n\r\n");
    await settled();
    assert(
      seen.text.endsWith("0\r\n\r\nHTTP/1.1 200 \r\nTransfer-Encoding: chunked\r\nConnection: close\r\n\r\n"),
    );
    assertEquals([peer.state, seen.ends], ["ended", [undefined]]);
  });

  it("closes after a request with Connection: close", async () => {
    const { socket, seen } = await open({ respond: () => ({ status: 204 }) });
    socket.write("GET / HTTP/1.1\r\nConnection: close\r\n\r\n");
    await settled();
    assertEquals([seen.text, seen.ends], ["HTTP/1.1 204 \r\nConnection: close\r\n\r\n", [undefined]]);
  });

  it("responds 400 to a malformed request, and 500 if the script throws", async () => {
    for (const [status, text] of [
      [400, "nonsense\r\n\r\n"],
      [400, "GET / HTTP/1.1\r\nContent-Length: -1\r\n\r\n"],
      [500, "GET / HTTP/1.1\r\n\r\n"],
    ] as const) {
      const { socket, seen } = await open({
        respond() {
          throw new Error("a mistake in the test");
        },
      });
      socket.write(text);
      await settled();
      assertEquals([seen.text.slice(9, 12), seen.ends], [String(status), [undefined]]);
    }
  });
});
