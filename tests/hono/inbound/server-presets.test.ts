/** Server presets with `keepAlive()`: what each announces, on the wire of every server of this runtime. */

import { describe, it } from "node:test";
import { assertEquals, assertThrows } from "@std/assert";
import { Hono } from "hono";
import { keepAlive } from "../../../src/hono/mod.ts";
import * as presets from "../../../src/presets/mod.ts";
import type { ServerPreset } from "../../../src/rules/server-side.ts";
import { PATIENT } from "../../support/patience.ts";
import { RawClient } from "../support/raw-client.ts";
import { SERVERS } from "../support/servers.ts";

const NOTHING = ["", ""];
const CLOSE = ["close", ""];

/**
 * `Connection` and `Keep-Alive` of the first response, of one to a client that asks for keep-alive, and of the last.
 */
const ANNOUNCED: Record<string, [preset: ServerPreset, first: string[], asked: string[], last: string[]]> = {
  "nginx()": [presets.nginx(), ["keep-alive", ""], ["keep-alive", ""], CLOSE],
  "nginx() with a second argument": [
    presets.nginx({ announcedTimeout: "60s" }),
    ["keep-alive", "timeout=60"],
    ["keep-alive", "timeout=60"],
    CLOSE,
  ],
  "tomcat()": [presets.tomcat(), NOTHING, ["keep-alive", "timeout=60"], CLOSE],
  "httpd()": [presets.httpd(), NOTHING, ["keep-alive", "timeout=5, max=1"], CLOSE],
  "nodeServer()": [
    presets.nodeServer(),
    ["keep-alive", "timeout=5, max=3"],
    ["keep-alive", "timeout=5, max=3"],
    CLOSE,
  ],
  "envoy()": [presets.envoy(), NOTHING, NOTHING, CLOSE],
  "haproxy()": [presets.haproxy(), NOTHING, NOTHING, CLOSE],
};

for (const server of SERVERS) {
  describe(`keepAlive() with a preset under ${server.name}`, () => {
    for (const [name, [preset, first, asked, last]] of Object.entries(ANNOUNCED)) {
      it(`announces what presets.${name} says`, PATIENT, async () => {
        const app = new Hono();
        app.use(keepAlive({ ...preset, maxRequests: 3 }));
        app.get("/", (c) => c.text("hello"));
        const listening = await server.serve(app);
        const raw = await RawClient.open(listening.port);
        const seen: string[][] = [];
        for (const fields of [[], ["Connection: Keep-Alive"], []]) {
          raw.get("/", "1.1", ...fields);
          const { headers } = await raw.response();
          seen.push([headers.get("connection") ?? "", headers.get("keep-alive") ?? ""]);
        }
        raw.abort();
        await listening.close();
        assertEquals(seen, [first, asked, last]);
      });
    }
  });
}

describe("keepAlive()", () => {
  it("refuses a client preset, naming the option that servers do not have", () => {
    assertThrows(() => keepAlive(presets.jdk() as never), TypeError, "Unknown keepAlive rule");
  });
});
