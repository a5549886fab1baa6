/** How TLS ends: the records that tell close_notify from a bare FIN, and the relay that shows them. */

import { readFileSync } from "node:fs";
import { type AddressInfo, createServer as createTcpServer, type Socket } from "node:net";
import { describe, it } from "node:test";
import { createServer } from "node:tls";
import { assertEquals, assertStringIncludes } from "@std/assert";
import { probeText } from "../../src/cli/probe-text.ts";
import { openRelay } from "../../src/cli/tls-relay.ts";
import { probe } from "../../src/probe/probe.ts";
import { TlsRecords } from "../../src/probe/tls-ending.ts";
import { detectTransport } from "../../transports/detect.ts";

function record(type: number, length: number): number[] {
  return [type, 3, 3, length >> 8, length & 255, ...new Array<number>(length).fill(7)];
}

describe("the records of a quiet TLS connection", () => {
  const rows: readonly (readonly [what: string, records: readonly number[], goodbye: boolean])[] = [
    ["nothing", [], false],
    ["an alert of TLS 1.2", record(21, 26), true],
    ["an alert of TLS 1.3", record(23, 19), true],
    ["an alert of TLS 1.3 with a short tag", record(23, 11), true],
    ["a ticket", record(23, 250), false],
    ["a ticket, then an alert", [...record(23, 250), ...record(23, 19)], true],
  ];
  for (const [what, bytes, goodbye] of rows)
    it(`${what}: ${goodbye ? "close_notify" : "no close_notify"}, in one piece or byte by byte`, () => {
      const [whole, split] = [new TlsRecords(), new TlsRecords()];
      whole.read(Uint8Array.from(bytes));
      for (const byte of bytes) split.read(Uint8Array.of(byte));
      assertEquals([whole.saidGoodbye, split.saidGoodbye], [goodbye, goodbye]);
    });

  it("what came before it was quiet is no ending", () => {
    const records = new TlsRecords();
    records.read(Uint8Array.from(record(23, 19)));
    records.quiet();
    assertEquals(records.saidGoodbye, false);
  });
});

const pem = (name: string): string => readFileSync(new URL(`../certs/${name}`, import.meta.url), "utf8");

/** Answers requests on TLS and closes an idle connection: in order, or so that close_notify is lost. */
async function tlsServer(isOrderly: boolean): Promise<{ port: number; close(): void }> {
  const server = createServer({ key: pem("server.key"), cert: pem("server.pem") }, (secure) => {
    secure.on("error", () => {}); // the other side is the probe
    secure.on("data", () => {
      secure.write("HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n");
      if (isOrderly) setTimeout(() => secure.end(), IDLE_MS);
    });
  });
  const sockets: Socket[] = [];
  // In front of it is a relay that cuts: a FIN without close_notify.
  const front = createTcpServer((socket) => {
    sockets.push(socket);
    socket.on("error", () => {}); // as above
    server.emit("connection", socket);
    if (!isOrderly) setTimeout(() => endRaw(socket), 3 * IDLE_MS);
  });
  await new Promise<void>((resolve) => front.listen(0, "127.0.0.1", resolve));
  const close = (): void => {
    for (const socket of sockets) socket.destroy();
    front.close();
  };
  return { port: (front.address() as AddressInfo).port, close };
}

const IDLE_MS = 150;

function endRaw(socket: Socket): void {
  socket.end();
}

const isNode = !("Deno" in globalThis || "Bun" in globalThis);

describe("a probe of a TLS server tells how it ends", {
  skip: !isNode && "The server is one of node:tls",
}, () => {
  for (const isOrderly of [true, false])
    it(isOrderly ? "with close_notify" : "with a FIN alone", async () => {
      const server = await tlsServer(isOrderly);
      const transport = await detectTransport();
      const options = { maxIdle: "1s", requests: 1, http2: false } as const;
      const ground = { transport, ca: [pem("ca.pem")], relay: openRelay };
      const report = await probe(`https://localhost:${server.port}/`, options, ground);
      server.close();
      const { closeNotify = 0, bareFin = 0 } = report.tls?.endings ?? {};
      assertEquals([closeNotify > 0, bareFin > 0], [isOrderly, !isOrderly]);
      const sentence = isOrderly
        ? "It says close_notify before it closes."
        : "It closes without close_notify";
      assertStringIncludes(probeText(report), sentence);
    });
});
