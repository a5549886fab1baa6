import { type Driver, given, joined, json, textsOf } from "../driver.ts";

export const driver: Driver = {
  name: "hono/proxy",
  handed: "proxy(url, { ...c.req, customFetch: pool.fetch })",
  answer: ({ path }) => (path === "/stream" ? { pieces: ["ping", "pong"] } : json("pong")),
  async connect({ url, fetch }) {
    const [{ Hono }, { proxy }] = await Promise.all([import("hono"), import("hono/proxy")]);
    const app = new Hono().all("/*", (c) =>
      proxy(url + c.req.path, {
        raw: c.req.raw,
        signal: c.req.raw.signal,
        customFetch: fetch,
      }),
    );
    return {
      async request(signal) {
        const response = await app.request("/item", given(signal));
        if (!response.ok) throw new Error(`${response.status} ${await response.text()}`);
        return response.json();
      },
      stream: async (more) => joined(textsOf((await app.request("/stream")).body), (text) => text, more),
      upload: async (body) => (await app.request("/upload", { method: "POST", body })).json(),
    };
  },
};
