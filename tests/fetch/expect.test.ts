/** `Expect: 100-continue`: the body waits for the interim response, and is not sent if a final response comes first. */

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
    it("sends the head alone, and the body after 100 Continue", async () => {
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

    it("neither sends the body nor reuses the connection if a final response comes first", async () => {
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

    it("does not send the body for another interim response", async () => {
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

    it("reads 100 Continue and the final response from one packet", async () => {
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

describe("100 Continue without Expect", () => {
  it("is ignored", async () => {
    await using at = scripted((peer) =>
      peer.onData(() => peer.send(`HTTP/1.1 100 Continue\r\n\r\n${FINAL}`)),
    );
    assertEquals((await at.pool.fetch("http://a.test/")).status, 200);
    assertEquals(at.pool.stats().idle, 1);
  });
});
