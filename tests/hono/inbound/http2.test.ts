/** `keepAlive()` on a `node:http2` server: GOAWAY instead of `Connection: close`, and no request is lost to it. */

import { readFileSync } from "node:fs";
import * as http2 from "node:http2";
import { request as httpsRequest } from "node:https";
import type { AddressInfo } from "node:net";
import { after, describe, it } from "node:test";
import { getRequestListener } from "@hono/node-server";
import { assert, assertEquals } from "@std/assert";
import { Hono } from "hono";
import { createPool } from "../../../mod.ts";
import { type Clock, systemClock } from "../../../src/contract/clock.ts";
import {
  type KeepAliveEvent,
  type KeepAliveRules,
  type KeepAliveVariables,
  keepAlive,
} from "../../../src/hono/mod.ts";
import { PATIENT } from "../../support/patience.ts";
import { signal } from "../support/origin.ts";
import { RawHttp2Client } from "../support/raw-http2-client.ts";

const SPEED = 20;
/** A clock that runs faster, so that rules of seconds take a moment. */
const fast: Clock = {
  ...systemClock,
  now: () => SPEED * performance.now(),
  schedule: (ms, callback) => systemClock.schedule(ms / SPEED, callback),
};

/** The same, which a test moves on besides, by times that nothing takes. */
function ahead(): Clock & { skip(ms: number): void } {
  let skipped = 0;
  return {
    ...fast,
    now: () => skipped + fast.now(),
    skip(ms) {
      skipped += ms;
    },
  };
}
const pause = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));

class Subject {
  readonly executed: string[] = [];
  readonly events: KeepAliveEvent[] = [];
  readonly slow = signal();
  readonly #app = new Hono<{ Variables: KeepAliveVariables }>();

  constructor(rules: KeepAliveRules, clock: Clock) {
    const app = this.#app;
    app.use(keepAlive(rules, { onEvent: (event) => this.events.push(event), clock }));
    app.use(async (c, next) => {
      this.executed.push(c.req.path);
      await next();
    });
    app.get("/info", (c) => c.json(c.var.keepAlive));
    app.get("/closes", (c) => c.body("bye", 200, { connection: "close", "keep-alive": "timeout=5" }));
    app.get("/slow", async (c) => {
      await this.slow.given;
      return c.text("slow");
    });
    app.all("*", (c) => c.text("hello"));
  }

  get listener() {
    return getRequestListener(this.#app.fetch, { overrideGlobalObjects: false });
  }
}

const servers: http2.Http2Server[] = [];
const clients: RawHttp2Client[] = [];

async function listening(server: http2.Http2Server): Promise<number> {
  servers.push(server);
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", () => resolve()));
  return (server.address() as AddressInfo).port;
}

async function start(rules: KeepAliveRules, options: { clock?: Clock } = {}) {
  const subject = new Subject(rules, options.clock ?? systemClock);
  const server = http2.createServer(subject.listener);
  const port = await listening(server);
  const client = await RawHttp2Client.open(port);
  clients.push(client);
  return { subject, server, port, client };
}

after(() => {
  for (const client of clients) client.end();
  for (const server of servers) server.close();
});

describe("keepAlive() over HTTP/2", () => {
  it("says GOAWAY at maxRequests, and answers all that it names as taken", PATIENT, async () => {
    const { subject, client } = await start({ maxRequests: 3 });
    const together = client.get(...Array.from({ length: 8 }, (_, index) => `/${index}`));
    await client.until(({ goaways }) => goaways.length > 0, "GOAWAY");
    const late = client.get("/late");
    await client.until(({ closed }) => closed, "the end of the connection");
    const last = client.goaways.at(-1) ?? 0;
    const taken = together.filter((stream) => stream <= last);
    assert(taken.length >= 3);
    assertEquals(new Set(client.answered), new Set(taken));
    assertEquals([subject.executed.length, late.every((stream) => stream > last)], [taken.length, true]);
    const ended = subject.events.map((event) => ("reason" in event ? [event.reason, event.requests] : []));
    assertEquals(ended, [["max-requests", 3]]);
  });

  it("ends an idle connection after idleTimeout, which a running request holds up", PATIENT, async () => {
    const { subject, client } = await start({ idleTimeout: "2s" }, { clock: fast });
    client.get("/slow");
    await pause(200); // twice the idle time
    assertEquals(client.goaways, []);
    client.get("/");
    // Before the server has it, the end of the other would begin the idle time.
    await client.until(() => subject.executed.length === 2, "the second request");
    subject.slow.give();
    await client.until(({ closed }) => closed, "the end of the connection");
    assertEquals([new Set(client.answered), client.goaways[0]], [new Set([1, 3]), 3]);
    assertEquals(subject.events, []);
  });

  it("counts idle time also after a request that the client cancelled", PATIENT, async () => {
    const { subject, client } = await start({ idleTimeout: "2s" }, { clock: fast });
    const [stream = 0] = client.get("/slow");
    await client.until(() => subject.executed.length === 1, "the request");
    client.reset(stream);
    await pause(50);
    subject.slow.give();
    await client.until(({ closed }) => closed, "the end of the connection");
    assertEquals(client.goaways[0], 1);
  });

  it(
    "ends a connection that is never idle at maxLifetime, and its running request goes on",
    PATIENT,
    async () => {
      const rules: KeepAliveRules = { maxLifetime: "10h", lifetimeJitter: 0 };
      const clock = ahead();
      const { subject, client } = await start(rules, { clock });
      client.get("/slow");
      await client.until(() => subject.executed.length === 1, "the request");
      clock.skip(36_000_000);
      client.get("/");
      await client.until(({ goaways, answered }) => goaways.length > 0 && answered.length > 0, "GOAWAY");
      assertEquals([client.goaways[0], client.answered], [3, [3]]);
      subject.slow.give();
      await client.until(({ closed }) => closed, "the end of the connection");
      assertEquals(client.answered, [3, 1]);
      assertEquals(
        subject.events.map((event) => "reason" in event && event.reason),
        ["max-lifetime"],
      );
    },
  );

  it("takes a handler's Connection: close for a GOAWAY, and sends no field of HTTP/1", PATIENT, async () => {
    const { subject, port } = await start({});
    const session = http2.connect(`http://127.0.0.1:${port}`);
    const goaway = new Promise<number>((resolve) =>
      session.once("goaway", (_code, last) => resolve(last ?? 0)),
    );
    const answers = [await answer(session, "/info"), await answer(session, "/closes")];
    assertEquals(await goaway, 3);
    session.close();
    const [info, closes] = answers;
    const { enforcement, requestNumber } = JSON.parse(info?.body ?? "");
    assertEquals([enforcement, requestNumber, closes?.body], ["enforced", 1, "bye"]);
    for (const { headers } of answers)
      assertEquals([headers.connection, headers["keep-alive"]], [undefined, undefined]);
    assertEquals(subject.events, []);
  });

  it("ends the connection of a request that is answered while the server closes", PATIENT, async () => {
    const { subject, server, client } = await start({ idleTimeout: "60s" });
    client.get("/slow");
    await client.until(() => subject.executed.length === 1, "the request");
    const closed = new Promise((resolve) => server.close(resolve));
    subject.slow.give();
    await client.until((raw) => raw.closed, "the end of the connection");
    assertEquals(client.answered, [1]);
    assert(client.goaways.length > 0);
    await closed;
  });

  it("keeps the rules of HTTP/1.1 on the same server", PATIENT, async () => {
    const subject = new Subject({ maxRequests: 10 }, systemClock);
    const pem = (name: string) => readFileSync(new URL(`../../certs/${name}`, import.meta.url));
    const keys = { key: pem("server.key"), cert: pem("server.pem"), allowHTTP1: true };
    const port = await listening(http2.createSecureServer(keys, subject.listener));
    const fields = await new Promise<unknown[]>((resolve, reject) => {
      const options = { host: "127.0.0.1", port, path: "/", rejectUnauthorized: false };
      const request = httpsRequest(options, (response) => {
        response.resume();
        response.on("end", () => resolve([response.httpVersion, response.headers["keep-alive"]]));
      });
      request.on("error", reject).end();
    });
    assertEquals(fields, ["1.1", "timeout=74, max=9"]);
  });
});

describe("a pool against keepAlive() over HTTP/2", () => {
  const REQUESTS = 150;
  /** 20 ms of real time. */
  const IDLE: KeepAliveRules = { idleTimeout: "2s" };
  const faster: Clock = {
    ...systemClock,
    now: () => 100 * performance.now(),
    schedule: (ms, callback) => systemClock.schedule(ms / 100, callback),
  };

  it("loses no POST to a connection that ends while it is idle", PATIENT, async () => {
    const { subject, port } = await start(IDLE, { clock: faster });
    // Without learning, the pool runs into the limit again and again.
    const pool = createPool({ http2: "prior-knowledge", learn: false });
    const idleEnd = new Promise<void>((resolve) => {
      pool.subscribe(({ type }) => {
        if (type === "connection.retired") resolve();
      });
    });
    const answers: string[] = [];
    await Promise.all(
      Array.from({ length: 3 }, async (_, lane) => {
        for (let index = lane; index < REQUESTS; index += 3) {
          const url = `http://127.0.0.1:${port}/${index}`;
          const response = await pool.request(url, { method: "POST", body: String(index) });
          answers.push(await response.text());
          await pause(14 + (index % 12));
        }
      }),
    );
    // Where the lanes took turns so well that it was never idle for long enough, it is now.
    await idleEnd;
    await pool.close();
    assertEquals([answers.length, new Set(answers)], [REQUESTS, new Set(["hello"])]);
    assertEquals(new Set(subject.executed).size, subject.executed.length);
  });
});

interface Answer {
  readonly headers: http2.IncomingHttpHeaders;
  readonly body: string;
}

async function answer(session: http2.ClientHttp2Session, path: string): Promise<Answer> {
  const stream = session.request({ ":path": path });
  const head = new Promise<http2.IncomingHttpHeaders>((resolve) => stream.once("response", resolve));
  let body = "";
  stream.setEncoding("utf8");
  for await (const text of stream) body += text;
  return { headers: await head, body };
}
