/** Real proxies, squid and dante, if they are installed: the same reuse and the same refusals as with our own. */

import { after, before, describe, it } from "node:test";
import { assertEquals, assertMatch, assertRejects } from "@std/assert";
import { createPool, type HoldfastError, type Pool, type PoolEvent, type PoolOptions } from "../../mod.ts";
import { detectTransport } from "../../transports/detect.ts";
import { eventually, PATIENT } from "../support/patience.ts";
import { deadPort } from "../support/ports.ts";
import { pem, type TestServer, tcpServer, tlsServer } from "../transports/support.ts";
import { dante, type Program, squid, withoutDante, withoutSquid } from "./programs.ts";

const { can } = await detectTransport();
const ca = pem("ca.pem");

/** The part of an origin's socket that is used here. */
interface OriginSocket {
  on(event: "data", listener: (chunk: Uint8Array) => void): unknown;
  write(text: string): unknown;
}

/** Answers each whole request with a description of it. */
function answer(socket: OriginSocket): void {
  let count = 0;
  socket.on("data", (chunk) => {
    const [line = ""] = new TextDecoder().decode(chunk).split(" HTTP/1.1");
    const body = `${line} ${++count}`;
    socket.write(`HTTP/1.1 200 OK\r\ncontent-length: ${body.length}\r\n\r\n${body}`);
  });
}

/** Two origins and the proxy program in between, for the tests of one suite. */
class Stage {
  plain!: TestServer;
  secure!: TestServer;
  program!: Program;

  async open(program: Promise<Program>): Promise<void> {
    this.program = await program;
    this.plain = await tcpServer(answer);
    this.secure = await tlsServer(answer);
  }

  async close(): Promise<void> {
    for (const one of [this.plain, this.secure, this.program]) await one?.[Symbol.asyncDispose]();
  }

  get http(): string {
    return `http://localhost:${this.plain.port}`;
  }

  get https(): string {
    return `https://localhost:${this.secure.port}`;
  }
}

function poolOf(options: PoolOptions): { pool: Pool; told: PoolEvent[] } {
  const told: PoolEvent[] = [];
  return { pool: createPool({ tls: { ca }, onEvent: (event) => told.push(event), ...options }), told };
}

/** Bodies of requests made one after the other, and how many connections they took. */
async function bodies(pool: Pool, ...urls: readonly string[]): Promise<[string[], number]> {
  const found: string[] = [];
  for (const url of urls) found.push(await (await pool.request(url)).text());
  return [found, pool.stats().opened];
}

/** The error of a request: code, phase, status and whether it may be tried again. */
async function refusal(pool: Pool, url: string): Promise<readonly unknown[]> {
  const { code, phase, status, retriable } = (await assertRejects(() => pool.request(url))) as HoldfastError;
  return [code, phase, status, retriable];
}

describe("squid", { ...PATIENT, skip: withoutSquid }, () => {
  const stage = new Stage();
  before(() => stage.open(squid()));
  after(() => stage.close());
  const proxy = (login = "user:secret@"): string => `http://${login}127.0.0.1:${stage.program.ports[0]}`;

  it("forwards on one connection for all origins", async () => {
    const { pool } = poolOf({ proxy: proxy() });
    const other = stage.http.replace("localhost", "127.0.0.1");
    const [found, opened] = await bodies(pool, `${stage.http}/a`, `${other}/b?c`, `${stage.http}/d`);
    assertEquals(
      [found.map((body) => body.replace(/ \d+$/, "")), opened],
      [["GET /a", "GET /b?c", "GET /d"], 1],
    );
    await pool.close();
  });

  it("tunnels to an origin on one connection", async () => {
    const { pool } = poolOf({ proxy: proxy() });
    const url = `${stage.https}/x`;
    assertEquals(await bodies(pool, url, url, url), [["GET /x 1", "GET /x 2", "GET /x 3"], 1]);
    await pool.close();
    // squid writes its log with a delay.
    const logged = async (): Promise<boolean> => /CONNECT localhost:/.test(await stage.program.log("access"));
    await eventually(logged, "the tunnel in squid's log");
  });

  it("refuses wrong credentials, and none", async () => {
    for (const login of ["", "user:wrong@"]) {
      const { pool } = poolOf({ proxy: proxy(login) });
      for (const origin of [stage.https, stage.http])
        assertEquals(await refusal(pool, origin), ["ERR_PROXY", "proxy", 407, false]);
      await pool.close({ timeout: 0 });
    }
  });

  it("refuses an origin that it does not allow", async () => {
    const { pool } = poolOf({ proxy: proxy() });
    assertEquals(await refusal(pool, "https://192.0.2.1/"), ["ERR_PROXY", "proxy", 403, false]);
    await pool.close();
  });

  it("cannot reach an origin that is not there", async () => {
    const { pool } = poolOf({ proxy: proxy() });
    await using dead = await deadPort();
    assertEquals(await refusal(pool, `https://127.0.0.1:${dead.port}/`), ["ERR_PROXY", "proxy", 503, true]);
    await pool.close();
  });

  it("closes idle connections after 3 s, which costs nothing", async () => {
    const { pool, told } = poolOf({ proxy: proxy() });
    await bodies(pool, stage.http);
    const retired = (): boolean => told.some((event) => event.type === "connection.retired");
    await eventually(retired, "the end of the idle connection");
    const [found] = await bodies(pool, stage.http);
    assertEquals([found.length, pool.stats().opened], [1, 2]);
    await pool.close();
  });

  it("speaks TLS itself: forwarding, and tunnels where the runtime can", async () => {
    const url = `https://user:secret@localhost:${stage.program.ports[1]}`;
    const { pool } = poolOf({ proxy: { url, tls: { ca } } });
    const [found] = await bodies(pool, `${stage.http}/a`);
    assertMatch(found[0] ?? "", /^GET \/a /);
    if (can.tlsInTls === true) assertMatch((await bodies(pool, `${stage.https}/b`))[0][0] ?? "", /^GET \/b /);
    else assertEquals((await refusal(pool, stage.https)).slice(0, 2), ["ERR_UNSUPPORTED", "proxy"]);
    await pool.close();
  });
});

describe("dante", { ...PATIENT, skip: withoutDante }, () => {
  const stage = new Stage();
  before(() => stage.open(dante("none")));
  after(() => stage.close());
  const proxy = (): string => `socks5h://127.0.0.1:${stage.program.ports[0]}`;

  it("tunnels http and https, each on one connection, and looks up names", async () => {
    const { pool } = poolOf({
      proxy: proxy(),
      resolve: () => Promise.reject(new Error("not ours to look up")),
    });
    const urls = [`${stage.http}/a`, `${stage.http}/b`, `${stage.https}/c`, `${stage.https}/d`];
    assertEquals(await bodies(pool, ...urls), [["GET /a 1", "GET /b 2", "GET /c 1", "GET /d 2"], 2]);
    await pool.close();
  });

  it("refuses an origin that it does not allow", async () => {
    const { pool } = poolOf({ proxy: proxy() });
    assertEquals(await refusal(pool, "http://192.0.2.1/"), ["ERR_PROXY", "proxy", undefined, false]);
    await pool.close();
  });

  it("cannot reach an origin that is not there", async () => {
    const { pool } = poolOf({ proxy: proxy() });
    await using dead = await deadPort();
    assertEquals(await refusal(pool, `http://127.0.0.1:${dead.port}/`), [
      "ERR_PROXY",
      "proxy",
      undefined,
      true,
    ]);
    await pool.close();
  });
});

describe("dante that wants credentials", { ...PATIENT, skip: withoutDante }, () => {
  it("refuses wrong ones, and none", async () => {
    await using program = await dante("username");
    for (const login of ["nobody-here:wrong@", ""]) {
      const { pool } = poolOf({ proxy: `socks5://${login}127.0.0.1:${program.ports[0]}` });
      assertEquals(await refusal(pool, "http://127.0.0.1/"), ["ERR_PROXY", "proxy", undefined, false]);
      await pool.close();
    }
  });
});
