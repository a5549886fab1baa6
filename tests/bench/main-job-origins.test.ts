import { connect, type Socket } from "node:net";
import { describe, it } from "node:test";
import { assert, assertEquals, assertMatch, assertStringIncludes } from "@std/assert";
import { announces } from "../../bench/main-job/origins/announces.ts";
import { requestId } from "../../bench/main-job/origins/answer.ts";
import { gateway } from "../../bench/main-job/origins/gateway.ts";
import { http10, http10KeepAlive } from "../../bench/main-job/origins/http10.ts";
import { lifetime } from "../../bench/main-job/origins/lifetime.ts";
import { findNginx, nginx, readLog } from "../../bench/main-job/origins/nginx.ts";
import type { Habit, Origin } from "../../bench/main-job/origins/origin.ts";
import { plain } from "../../bench/main-job/origins/plain.ts";
import { silent } from "../../bench/main-job/origins/silent.ts";
import { slow } from "../../bench/main-job/origins/slow.ts";
import { tomcat } from "../../bench/main-job/origins/tomcat.ts";
import { MovableClock } from "../support/clock.ts";
import { eventually, guarded, PATIENT } from "../support/patience.ts";

const TIMES = { idleLimitMs: 150, lifetimeMs: 200 };
const CLIENT = "holdfast";

/** One connection, as a plain socket. */
class Raw {
  readonly #socket: Socket;
  #text = "";
  #ended = false;
  #wake: () => void = () => {};
  #requests = 0;

  constructor(port: number) {
    this.#socket = connect(port, "127.0.0.1");
    this.#socket.setEncoding("latin1");
    this.#socket.on("data", (text) => this.#changed(() => (this.#text += text)));
    this.#socket.on("error", () => {});
    this.#socket.on("close", () => this.#changed(() => (this.#ended = true)));
    this.#socket.on("end", () => this.#changed(() => (this.#ended = true)));
  }

  /** Sends a request. Resolves with the whole response, or with what came before the connection ended. */
  async ask(connection = "keep-alive", id = requestId(CLIENT, 1, this.#requests++)): Promise<string> {
    this.#text = "";
    const lines = ["POST /bytes/64 HTTP/1.1", "Host: x", `Connection: ${connection}`, `X-Request-Id: ${id}`];
    this.#socket.write(`${lines.join("\r\n")}\r\nContent-Length: 5\r\n\r\nhello`);
    await guarded(
      this.#until(() => this.#ended || isWhole(this.#text)),
      "an answer",
    );
    return this.#text;
  }

  /** What has arrived of the response so far. */
  get heard(): string {
    return this.#text;
  }

  /** Resolves when the server has ended the connection. */
  ended(): Promise<void> {
    return guarded(
      this.#until(() => this.#ended),
      "the end of the connection",
    );
  }

  close(): void {
    this.#socket.destroy();
  }

  #changed(change: () => unknown): void {
    change();
    this.#wake();
  }

  async #until(holds: () => boolean): Promise<void> {
    while (!holds()) await new Promise<void>((resolve) => (this.#wake = resolve));
  }
}

function isWhole(text: string): boolean {
  const head = text.indexOf("\r\n\r\n");
  const length = /content-length: (\d+)/i.exec(text.slice(0, head))?.[1];
  return head >= 0 && length !== undefined && text.length >= head + 4 + Number(length);
}

/**
 * Runs an origin whose time stands still until the test moves it, so that the speed of the machine does not matter.
 */
async function withOrigin(
  habit: Habit,
  use: (raw: Raw, origin: Origin, clock: MovableClock) => Promise<void>,
): Promise<void> {
  const clock = new MovableClock();
  const origin = await habit.start(TIMES, clock);
  assert(origin !== undefined);
  origin.turnTo(CLIENT);
  const raw = new Raw(origin.port);
  try {
    await use(raw, origin, clock);
  } finally {
    raw.close();
    await origin.close();
  }
}

/** Moves the time far enough for any delay of the origin, once it has the request. */
async function hurry(origin: Origin, clock: MovableClock): Promise<void> {
  await eventually(async () => (await origin.seen(CLIENT)).received > 0, "the request");
  await clock.advance(1000);
}

describe("every origin of the main job", () => {
  for (const habit of [plain, announces, silent, gateway, tomcat, lifetime, http10, http10KeepAlive, slow]) {
    it(
      `${habit.name} answers with the request's id, its length and a body that is as long as asked`,
      PATIENT,
      async () => {
        await withOrigin(habit, async (raw, origin, clock) => {
          const asked = raw.ask();
          if (habit === slow) await hurry(origin, clock);
          const answer = await asked;
          if (habit === http10) await raw.ended();
          const body = answer.slice(answer.indexOf("\r\n\r\n") + 4);
          assertMatch(answer, /^HTTP\/1\.[01] 200 /);
          assertMatch(answer, /x-request-id: h01-00000000\r\n/i);
          assertMatch(answer, /x-received: 5\r\n/i);
          assertEquals([body.length, body.startsWith("h01-00000000")], [64, true]);
          assertEquals(await origin.seen(CLIENT), { connections: 1, received: 1, repeated: {} });
        });
      },
    );
  }

  it("counts a request that comes twice, by its method", async () => {
    await withOrigin(silent, async (raw, origin) => {
      await raw.ask("keep-alive", "same-request");
      await raw.ask("keep-alive", "same-request");
      assertEquals(await origin.seen(CLIENT), { connections: 1, received: 2, repeated: { POST: 1 } });
      assertEquals(await origin.seen("another"), { connections: 0, received: 0, repeated: {} });
    });
  });
});

describe("the habits of the main job's origins", () => {
  it("announces: counts max down, and the response after max=1 closes", async () => {
    await withOrigin(announces, async (raw) => {
      assertStringIncludes(await raw.ask(), "Keep-Alive: timeout=2, max=20\r\n");
      for (let left = 19; left > 1; left--) await raw.ask();
      assertStringIncludes(await raw.ask(), "Keep-Alive: timeout=2, max=1\r\n");
      assertStringIncludes(await raw.ask(), "Connection: close\r\n");
      await raw.ended();
    });
  });

  it("announces: says nothing to a client that does not say keep-alive", async () => {
    await withOrigin(announces, async (raw) => assert(!/keep-alive/i.test(await raw.ask("x-other"))));
  });

  it("silent: says nothing, and closes a connection that is idle for its limit", async () => {
    await withOrigin(silent, async (raw, _origin, clock) => {
      assert(!/connection:|keep-alive/i.test(await raw.ask()));
      await clock.advance(TIMES.idleLimitMs - 1);
      assertMatch(await raw.ask(), /^HTTP\/1\.1 200 /);
      await clock.advance(TIMES.idleLimitMs);
      await raw.ended();
    });
  });

  it("gateway: accepts a request after a long silence, and closes without a response", async () => {
    await withOrigin(gateway, async (raw, origin, clock) => {
      await clock.advance(TIMES.idleLimitMs);
      await raw.ask();
      await clock.advance(TIMES.idleLimitMs - 1);
      assertMatch(await raw.ask(), /^HTTP\/1\.1 200 /);
      await clock.advance(TIMES.idleLimitMs);
      assertEquals(await raw.ask(), "");
      assertEquals((await origin.seen(CLIENT)).received, 3);
    });
  });

  it("tomcat: announces its timeout, and the 25th response closes", async () => {
    await withOrigin(tomcat, async (raw) => {
      assertStringIncludes(await raw.ask(), "Keep-Alive: timeout=20\r\n");
      for (let request = 2; request < 25; request++) await raw.ask();
      assertStringIncludes(await raw.ask(), "Connection: close\r\n");
      await raw.ended();
    });
  });

  it("lifetime: the first response after its lifetime closes", async () => {
    await withOrigin(lifetime, async (raw, _origin, clock) => {
      assertStringIncludes(await raw.ask(), "Connection: keep-alive\r\n");
      await clock.advance(TIMES.lifetimeMs - 1);
      assertStringIncludes(await raw.ask(), "Connection: keep-alive\r\n");
      await clock.advance(1);
      assertStringIncludes(await raw.ask(), "Connection: close\r\n");
      await raw.ended();
    });
  });

  it("http/1.0: ends the body with the connection", async () => {
    await withOrigin(http10, async (raw) => {
      assertMatch(await raw.ask(), /^HTTP\/1\.0 200 (?!.*content-length)/is);
      await raw.ended();
    });
  });

  it("http/1.0 ka: keeps the connection for a client that says keep-alive, and only for it", async () => {
    await withOrigin(http10KeepAlive, async (raw) => {
      assertStringIncludes(await raw.ask(), "Connection: keep-alive\r\n");
      assertStringIncludes(await raw.ask("x-other"), "Connection: close\r\n");
      await raw.ended();
    });
  });

  it("slow: delays head and body", async () => {
    await withOrigin(slow, async (raw, origin, clock) => {
      const asked = raw.ask();
      await eventually(async () => (await origin.seen(CLIENT)).received > 0, "the request");
      for (let pieces = 0; pieces < 4; pieces++) {
        await clock.advance(7);
        assertEquals(clock.timers, 1, "it waits for its time");
        const before = raw.heard.length;
        await clock.advance(1);
        await eventually(() => raw.heard.length > before, "a piece");
      }
      assertMatch(await asked, /^HTTP\/1\.1 200 /);
    });
  });

  it("all: close when the client asks for it", async () => {
    await withOrigin(silent, async (raw) => {
      assertStringIncludes(await raw.ask("close"), "Connection: close\r\n");
      await raw.ended();
    });
  });
});

describe("nginx as an origin", () => {
  it("is the real one, with short limits and a log to count by", {
    ...PATIENT,
    skip: findNginx() === undefined,
  }, async () => {
    await withOrigin(nginx, async (raw, origin) => {
      const answer = await raw.ask();
      assertMatch(answer, /X-Request-Id: h01-00000000\r\nX-Received: 5\r\n\r\nh01-00000000\.{52}$/);
      await raw.ended();
      assertEquals(await origin.seen(CLIENT), { connections: 1, received: 1, repeated: {} });
    });
  });

  it("reads its log by client, connection and repetition", () => {
    const log = "h01-1 GET 1\nh01-2 POST 1\nh01-2 POST 2\nb01-1 GET 3\n- GET 4\n";
    assertEquals(readLog(log, "holdfast"), { connections: 2, received: 3, repeated: { POST: 1 } });
    assertEquals(readLog(log, "builtin"), { connections: 1, received: 1, repeated: {} });
    assertEquals(readLog("", "builtin"), { connections: 0, received: 0, repeated: {} });
  });
});
