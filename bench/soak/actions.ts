/** Actions: everything that users do to a pool, careless things included. */

import type { Pool } from "../../mod.ts";
import type { Prng } from "../../tests/support/prng.ts";

type Action = (pool: Pool, origin: string, random: Prng) => Promise<unknown>;

const BODY = new Uint8Array(20_000).fill(98);

/** All actions by name, with their relative frequency. */
export const ACTIONS: Readonly<Record<string, { readonly weight: number; readonly act: Action }>> = {
  read: { weight: 30, act: async (pool, origin) => (await pool.request(`${origin}/small`)).text() },
  fetch: { weight: 20, act: async (pool, origin) => (await pool.fetch(`${origin}/small`)).text() },
  large: { weight: 5, act: async (pool, origin) => (await pool.fetch(`${origin}/large`)).arrayBuffer() },
  close: { weight: 3, act: async (pool, origin) => (await pool.request(`${origin}/close`)).text() },
  post: {
    weight: 8,
    act: async (pool, origin) =>
      (await pool.request(`${origin}/small`, { method: "POST", body: BODY })).text(),
  },
  upload: {
    weight: 4,
    act: async (pool, origin) =>
      (await pool.fetch(`${origin}/small`, { method: "POST", body: pieces(5), duplex: "half" })).text(),
  },
  stream: {
    weight: 3,
    act: async (pool, origin) => {
      const { body } = await pool.fetch(`${origin}/stream`);
      for await (const _ of body ?? []);
    },
  },
  "cancel a stream": {
    weight: 3,
    act: async (pool, origin) => {
      const { body } = await pool.fetch(`${origin}/stream`);
      const reader = body?.getReader();
      await reader?.read();
      await reader?.cancel();
    },
  },
  "never read": { weight: 3, act: (pool, origin) => pool.fetch(`${origin}/large`) },
  "never read, by request()": { weight: 3, act: (pool, origin) => pool.request(`${origin}/large`) },
  "half read": {
    weight: 2,
    act: async (pool, origin) => {
      const { body } = await pool.request(`${origin}/stream`);
      await body.getReader().read();
    },
  },
  discard: { weight: 3, act: async (pool, origin) => (await pool.request(`${origin}/large`)).discard() },
  abort: {
    weight: 5,
    act: (pool, origin, random) => {
      const signal = AbortSignal.timeout(1 + random.below(40));
      return pool
        .fetch(`${origin}/${random.oneIn(2) ? "slow" : "stream"}`, { signal })
        .then((it) => it.text());
    },
  },
  "time out": {
    weight: 2,
    act: async (pool, origin) => (await pool.request(`${origin}/slow`, { requestTimeout: 20 })).text(),
  },
  "cut short": { weight: 2, act: async (pool, origin) => (await pool.request(`${origin}/cut`)).text() },
  preconnect: { weight: 1, act: (pool, origin) => pool.preconnect(origin, 2) },
  drain: { weight: 0.2, act: async (pool, origin) => pool.drain(origin) },
};

function pieces(left: number): ReadableStream<Uint8Array> {
  let count = left;
  return new ReadableStream<Uint8Array>({
    pull(controller) {
      if (count-- === 0) controller.close();
      else controller.enqueue(BODY);
    },
  });
}
