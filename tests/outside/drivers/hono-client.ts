import { type Driver, joined, json, textsOf } from "../driver.ts";

export const driver: Driver = {
  name: "hono/client",
  handed: "hc<App>(url, { fetch: pool.fetch })",
  answer: ({ path }) => (path === "/stream" ? { pieces: ["ping", "pong"] } : json("pong")),
  async connect({ url, fetch }) {
    const [{ Hono }, { hc }, { validator }] = await Promise.all([
      import("hono"),
      import("hono/client"),
      import("hono/validator"),
    ]);
    const file = validator("form", () => ({ file: new File([], "") }));
    const app = new Hono()
      .get("/item", (c) => c.json("pong"))
      .get("/stream", (c) => c.text(""))
      .post("/upload", file, (c) => c.json("pong"));
    const client = hc<typeof app>(url, { fetch });
    return {
      async request(signal) {
        const response = await client.item.$get({}, signal === undefined ? {} : { init: { signal } });
        if (!response.ok) throw new Error(`the status is ${response.status}`);
        return response.json();
      },
      stream: async (more) => joined(textsOf((await client.stream.$get()).body), (text) => text, more),
      upload: async (payload) =>
        (await client.upload.$post({ form: { file: new File([payload], "a.txt") } })).json(),
    };
  },
};
