/** `Expect: 100-continue`: the body waits for the server's word, and is not sent if the answer comes first. */

import { describe, it } from "node:test";
import { assertEquals, assertStringIncludes } from "@std/assert";
import { pieces, retired, type Setup, scripted, settled, utf8 } from "./support.ts";

const FINAL = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok";
const headers = { Expect: "100-continue" };

const SENDERS = {
  "fetch()": ({ pool }: Setup) => pool.fetch("http://a.test/", { method: "PUT", headers, body: "payload" }),
  "request()": ({ pool }: Setup) =>
    pool.request("http://a.test/", { method: "PUT", headers, body: "payload" }),
  "request() with a stream": ({ pool }: Setup) =>
    pool.request("http://a.test/", { method: "PUT", headers, body: pieces(utf8("payload")).stream }),
};

for (const [name, send] of Object.entries(SENDERS)) {
  describe(`${name} that expects 100 Continue`, () => {
    it("sends the head alone, and the body once it is asked for", async () => {
      await using at = scripted(() => {});
      const sending = send(at);
      await settled();
      const [peer] = at.transport.peers;
      assertStringIncludes(peer?.receivedText ?? "", "\r\nexpect: 100-continue\r\n");
      assertEquals(peer?.receivedText.endsWith("\r\n\r\n"), true);
      peer?.send("HTTP/1.1 100 Continue\r\n\r\n");
      await settled();
      assertStringIncludes(peer?.receivedText ?? "", "payload");
      peer?.send(FINAL);
      assertEquals(await (await sending).text(), "ok");
      await settled();
      assertEquals([at.pool.stats().idle, retired(at.events)], [1, []]);
    });

    it("never sends the body if the answer comes first, nor uses the connection again", async () => {
      await using at = scripted(() => {});
      const sending = send(at);
      await settled();
      const [peer] = at.transport.peers;
      peer?.send("HTTP/1.1 417 No\r\nContent-Length: 2\r\n\r\nno");
      const response = await sending;
      assertEquals([response.status, await response.text()], [417, "no"]);
      await settled();
      assertEquals([peer?.receivedText.includes("payload"), at.pool.stats().idle], [false, 0]);
      assertEquals(retired(at.events), ["upload-unfinished"]);
    });

    it("is not moved by another interim response", async () => {
      await using at = scripted(() => {});
      const sending = send(at);
      await settled();
      const [peer] = at.transport.peers;
      peer?.send("HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\n");
      await settled();
      assertEquals(peer?.receivedText.includes("payload"), false);
      peer?.send(`HTTP/1.1 100 Continue\r\n\r\n`);
      await settled();
      peer?.send(FINAL);
      assertEquals((await sending).status, 200);
    });

    it("takes the word and the answer in one packet", async () => {
      await using at = scripted(() => {});
      const sending = send(at);
      await settled();
      at.transport.peers[0]?.send(`HTTP/1.1 100 Continue\r\n\r\n${FINAL}`);
      assertEquals(await (await sending).text(), "ok");
      await settled();
      assertEquals(at.pool.stats().active, 0);
    });

    it("fails when the connection ends instead", async () => {
      await using at = scripted(() => {});
      const sending = send(at).then(
        () => "answered",
        (error) => error,
      );
      await settled();
      at.transport.peers[0]?.end();
      const error = await sending;
      const { code } = error.cause ?? error;
      assertEquals(
        [code, at.transport.peers[0]?.receivedText.includes("payload")],
        ["ERR_CONNECTION_LOST", false],
      );
    });
  });
}

describe("100 Continue that nobody asked for", () => {
  it("is let pass", async () => {
    await using at = scripted((peer) =>
      peer.onData(() => peer.send(`HTTP/1.1 100 Continue\r\n\r\n${FINAL}`)),
    );
    assertEquals((await at.pool.fetch("http://a.test/")).status, 200);
    assertEquals(at.pool.stats().idle, 1);
  });
});
