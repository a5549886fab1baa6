/** Text codecs: latin1 is not windows-1252, and malformed UTF-8 is replaced. */

import { describe, it } from "node:test";
import { assertEquals } from "@std/assert";
import { bufferText, denoText } from "../../transports/buffer.ts";
import { bunText } from "../../transports/bun-text.ts";
import { transport } from "./support.ts";

const codecs = { "for Node": bufferText, "for Deno": denoText, "for Bun": bunText };

for (const [name, codec] of Object.entries(codecs)) {
  describe(`the text codec ${name}`, () => {
    it("decodes latin1 as one character per byte, 0x80 to 0x9F included", () => {
      const bytes = Uint8Array.from({ length: 256 }, (_, code) => code);
      const text = Array.from(bytes, (code) => String.fromCharCode(code)).join("");
      assertEquals(codec.latin1(bytes, 0, 256), text);
      assertEquals(codec.latin1(bytes, 65, 68), "ABC");
      assertEquals(codec.latin1(bytes.subarray(60), 5, 8), "ABC");
    });

    for (const padding of [0, 1000, 5000, 64 * 1024, 70_000]) {
      it(`decodes malformed UTF-8 to U+FFFD and keeps a byte order mark, after ${padding} bytes`, () => {
        const tail = [0xc3, 0xbc, 0xff, 0xe2, 0x82, 0x62];
        const bytes = Uint8Array.from([0xef, 0xbb, 0xbf, ...new Array<number>(padding).fill(0x61), ...tail]);
        const text = `\ufeff${"a".repeat(padding)}\u00fc\ufffd\ufffdb`;
        assertEquals(codec.utf8(bytes, 0, bytes.length), text);
        assertEquals(codec.utf8(bytes, 3, bytes.length), text.slice(1));
        // What was read before, and was longer, leaves nothing behind.
        assertEquals(codec.utf8(bytes, 3, 3 + padding), "a".repeat(padding));
        const within = new Uint8Array(bytes.length + 5000);
        for (const at of [1, 31, 32, 4096]) {
          within.set(bytes, at);
          assertEquals(codec.utf8(within.subarray(at), 0, bytes.length), text);
        }
      });
    }
  });
}

describe("the transport of this runtime", () => {
  it("publishes on diagnostics channels", async () => {
    const { subscribe, unsubscribe } = await import("node:diagnostics_channel");
    const channel = transport.channel?.("holdfast:test");
    assertEquals(channel?.hasSubscribers, false);
    const received: unknown[] = [];
    const listen = (message: unknown): void => void received.push(message);
    subscribe("holdfast:test", listen);
    const isHeard = channel?.hasSubscribers;
    channel?.publish("a message");
    unsubscribe("holdfast:test", listen);
    assertEquals(isHeard, true);
    assertEquals(received, ["a message"]);
  });
});
