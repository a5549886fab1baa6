/**
 * Hostile clients: random requests of fields that each work against a gateway, with a request hidden in the body. Whatever reaches
 * the upstream went through `forward()`: it has the gateway's fields, no forged ones, and no field that `edit` removes.
 */

import { after, before, describe, it } from "node:test";
import { assert, assertEquals } from "@std/assert";
import { Hono } from "hono";
import { createPool, type Pool } from "../../../mod.ts";
import { forward, type UpstreamEnv, upstream } from "../../../src/hono/mod.ts";
import { eventually, PATIENT } from "../../support/patience.ts";
import { Prng } from "../../support/prng.ts";
import type { Listening } from "../../support/serve.ts";
import { RawClient } from "../support/raw-client.ts";
import { fieldOf, type RawOrigin, startRawOrigin } from "../support/raw-origin.ts";
import { SERVERS } from "../support/servers.ts";

const LINES = [
  "Connection: x-gate, via, x-forwarded-for, host, close",
  "Connection: keep-alive, transfer-encoding, content-length",
  "X-Gate: forged",
  "X_Gate: forged",
  "X-Secret: forged",
  "X_Secret: forged",
  "X-Forwarded-For: 6.6.6.6",
  "X-Forwarded-Host: forged.test",
  "X_Forwarded_Host: forged.test",
  "Forwarded: for=6.6.6.6",
  "X-Real-IP: 6.6.6.6",
  "Proxy-Authorization: Basic forged",
  "Host: forged.test",
  "Via: 1.1 fred",
  "TE: trailers",
  "Trailer: x-gate",
  "Upgrade: h2c",
  "Keep-Alive: timeout=9",
  "Expect: 100-continue",
  "Transfer-Encoding: chunked",
  "Transfer-Encoding: identity",
  "Transfer-Encoding:\tchunked",
  "Content-Length: 5",
  "Content-Length: 0",
  "Content-Length: 72",
] as const;

/** By chunks it is an empty body with another request behind it, by the longest length it is one body. */
const BODY = "0\r\n\r\nGET /hidden HTTP/1.1\r\nHost: a.test\r\nX-Gate: forged\r\nX-Secret: forged\r\n\r\n";

const ROUNDS = 100;

function hostileRequest(prng: Prng): string {
  const lines = Array.from({ length: 1 + prng.below(4) }, () => prng.pick(LINES) ?? "");
  // Without a length it would be malformed, and end the request before it.
  const body = lines.some((line) => /^(?:Content-Length|Transfer-Encoding):/.test(line)) ? BODY : "";
  const method = prng.among("GET", "POST", "HEAD", "DELETE", "OPTIONS");
  return `${method} /p HTTP/1.${prng.oneIn(6) ? 0 : 1}\r\nHost: a.test\r\n${lines.join("\r\n")}\r\n\r\n${body}`;
}

for (const server of SERVERS) {
  describe(`a hostile client under ${server.name}`, () => {
    let origin: RawOrigin;
    let pool: Pool;
    let listening: Listening;

    before(async () => {
      origin = await startRawOrigin();
      pool = createPool();
      const app = new Hono<UpstreamEnv>();
      app.use(upstream(pool, { onEvent: () => {} }));
      app.all("*", (c) =>
        forward(c, origin.url, {
          via: "gw",
          edit(headers) {
            headers.set("x-gate", "own");
            for (const name of [...headers.keys()])
              if (name.replaceAll("_", "-") === "x-secret") headers.delete(name);
          },
        }),
      );
      listening = await server.serve(app);
    });

    after(async () => {
      await listening.close();
      await pool.close({ timeout: 0 });
      await origin.close();
    });

    it(`gets nothing past the gateway in ${ROUNDS} requests`, PATIENT, async () => {
      const prng = new Prng(16);
      let reached = 0;
      for (let round = 0; round < ROUNDS; round++) {
        origin.heads.length = 0;
        origin.received = "";
        const sent = hostileRequest(prng);
        const raw = await RawClient.open(listening.port);
        raw.send(sent);
        // Another client's answer shows that the server's loop has run, whether it answers this one or waits for more.
        const other = await RawClient.open(listening.port);
        other.get("/sentinel");
        await other.response();
        await eventually(() => raw.closed || raw.unread !== "" || origin.received !== "", "a reaction");
        raw.abort();
        other.abort();
        for (const head of origin.heads) {
          assert(/ \/(?:p|hidden|sentinel) HTTP\/1\.1$/.test(head.line), `${head.line} of ${sent}`);
          assertEquals(fieldOf(head, "x-gate"), "own", sent);
          assertEquals(fieldOf(head, "x-forwarded-for"), "127.0.0.1", sent);
          assert(fieldOf(head, "via")?.endsWith("1.1 gw") || fieldOf(head, "via")?.endsWith("1.0 gw"), sent);
          assertEquals(fieldOf(head, "host"), new URL(origin.url).host, sent);
        }
        reached += origin.heads.length - 1;
        const heads = origin.heads.map(({ fields }) => fields.flat().join(" ")).join(" ");
        assert(!/forged|6\.6\.6\.6/.test(heads), `${heads} of ${sent}`);
      }
      assert(reached > ROUNDS / 5, `${reached} requests reached the upstream`);
    });
  });
}
