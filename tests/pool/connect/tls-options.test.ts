/** The option tls: what a pool does about what the transport cannot honour, and with a function. */

import { describe, it } from "node:test";
import { assertEquals, assertInstanceOf, assertRejects } from "@std/assert";
import {
  connectionOf,
  createPool,
  HoldfastError,
  type PoolEvent,
  type PoolOptions,
  type Transport,
} from "../../../mod.ts";
import { memoryTransport } from "../../../transports/memory.ts";

const ORIGIN = "https://a.test/";

function poolOf(options: PoolOptions, can = {}) {
  const events: PoolEvent[] = [];
  const certs: (string | undefined)[] = [];
  const transport = memoryTransport({
    can,
    respond: () => ({ body: "ok" }),
    connect(target) {
      if (target.tls !== undefined) certs.push(target.tls.cert);
      return "accept";
    },
  });
  const pool = createPool({ ...options, transport, onEvent: (event) => void events.push(event) });
  const get = (): Promise<string> => pool.request(ORIGIN).then((answer) => answer.text());
  const degraded = () => events.filter((event) => event.type === "option.degraded");
  return { pool, get, degraded, transport, certs };
}

const lame = { tlsOptions: [] };

describe("A TLS option that the transport cannot honour", () => {
  const tls = { minVersion: "TLSv1.3", pfx: new Uint8Array(1), passphrase: "secret" } as const;

  it("is reported once, without its secret", async () => {
    const { pool, get, degraded } = poolOf({ tls, maxRequests: 1 }, lame);
    assertEquals([await get(), await get()], ["ok", "ok"]);
    const common = { type: "option.degraded", transport: "memory", applied: false } as const;
    assertEquals(degraded(), [
      { ...common, option: "tls.minVersion", asked: "TLSv1.3" },
      { ...common, option: "tls.passphrase", asked: true },
      { ...common, option: "tls.pfx", asked: true },
    ]);
    await pool.close();
  });

  it("is an error with strict, before a socket is opened", async () => {
    for (const given of [tls, () => tls]) {
      const { pool, get, transport } = poolOf({ tls: given, strict: true }, lame);
      const error = await assertRejects(get);
      assertInstanceOf(error, HoldfastError);
      assertEquals([error.code, /tls\.minVersion/.test(error.message)], ["ERR_UNSUPPORTED", true]);
      assertEquals(transport.attempts, 0);
      await pool.close();
    }
  });

  it("is neither if it asks for what every runtime does", async () => {
    const { pool, get, degraded } = poolOf(
      { tls: { minVersion: "TLSv1.2", maxVersion: "TLSv1.3" }, strict: true },
      lame,
    );
    assertEquals([await get(), degraded()], ["ok", []]);
    await pool.close();
  });

  it("is reported of a proxy as well", async () => {
    const url = "https://proxy.test";
    const { pool, degraded } = poolOf({ proxy: { url, tls: { ciphers: "AES" } } }, lame);
    await pool.request("http://a.test/").then((answer) => answer.text());
    assertEquals(
      degraded().map((event) => "option" in event && event.option),
      ["tls.ciphers"],
    );
    await pool.close();
  });
});

describe("What TLS agreed on", () => {
  const facts = {
    protocol: "TLSv1.3",
    cipher: "TLS_AES_128_GCM_SHA256",
    resumed: true,
    subject: { CN: "a.test" },
  };

  it("is told with the connection, of fetch as well, and when it opens", async () => {
    const inner = memoryTransport({ respond: () => ({ body: "ok" }) });
    const transport: Transport = {
      ...inner,
      connect: async (target, handler, signal) => {
        const socket = await inner.connect(target, handler, signal);
        return target.tls === undefined ? socket : Object.assign(socket, { tls: facts });
      },
    };
    const told: PoolEvent[] = [];
    const pool = createPool({ transport, onEvent: (event) => void told.push(event) });
    const [answer, response, plain] = [
      await pool.request(ORIGIN),
      await pool.fetch(ORIGIN),
      await pool.request("http://a.test/"),
    ];
    assertEquals([answer.connection.tls, connectionOf(response)?.tls], [facts, facts]);
    assertEquals(plain.connection.tls, undefined);
    const opened = told.filter((event) => event.type === "connection.opened");
    assertEquals(
      opened.map(({ tls }) => tls),
      [facts, undefined],
    );
    await pool.close({ timeout: 0 });
  });
});

describe("A tls function", () => {
  it("gives each connection the certificate of the day", async () => {
    let day = 0;
    const tls = async () => {
      day += 1;
      return { cert: `day ${day}`, key: "k" };
    };
    const { pool, get, certs } = poolOf({ tls, maxRequests: 1 });
    assertEquals([await get(), await get()], ["ok", "ok"]);
    assertEquals(certs, ["day 1", "day 2"]);
    await pool.close();
  });

  it("is not called for http", async () => {
    const asked: string[] = [];
    const tls = (hostname: string) => {
      asked.push(hostname);
      return {};
    };
    const { pool } = poolOf({ tls });
    await pool.request("http://a.test/").then((answer) => answer.text());
    assertEquals(asked, []);
    await pool.close();
  });

  it("that throws fails the request with ERR_FUNCTION, also in a tunnel, and opens no socket", async () => {
    for (const proxy of [false, "http://proxy.test"] as const) {
      const tls = () => {
        throw new Error("the vault is closed");
      };
      const { pool, get, transport } = poolOf({ tls, proxy });
      const error = await assertRejects(get);
      assertInstanceOf(error, HoldfastError);
      assertEquals([error.code, error.retriable, transport.attempts], ["ERR_FUNCTION", false, 0]);
      assertEquals(/tls threw: Error: the vault is closed/.test(error.message), true);
      await pool.close();
    }
  });

  it("does not hide that a user's socket throws", async () => {
    const inner = memoryTransport({ respond: () => ({ body: "ok" }) });
    const transport: Transport = {
      ...inner,
      connect: async (target, handler, signal) => {
        const pause = (): never => {
          throw new Error("out of order");
        };
        return Object.assign(await inner.connect(target, handler, signal), { pause });
      },
    };
    const pool = createPool({ tls: () => ({}), transport });
    const error = await assertRejects(() => pool.request("https://192.0.2.1/"));
    assertInstanceOf(error, HoldfastError);
    assertEquals([error.code, inner.peers[0]?.state], ["ERR_FUNCTION", "aborted"]);
    await pool.close();
  });

  it("that takes too long counts for connectTimeout", async () => {
    const { pool, get, transport } = poolOf({ tls: () => new Promise(() => {}), connectTimeout: 20 });
    const error = await assertRejects(get);
    assertInstanceOf(error, HoldfastError);
    assertEquals([error.code, transport.attempts], ["ERR_CONNECT_TIMEOUT", 0]);
    await pool.close();
  });
});
