import { type Driver, json } from "../driver.ts";

export const driver: Driver = {
  name: "stripe",
  handed: "httpClient: Stripe.createFetchHttpClient(pool.fetch)",
  answer: () => json({ id: "pong" }),
  lacks: {
    stream: "its fetch client reads every answer whole",
    abort: "no call takes a signal",
  },
  async connect({ url, fetch }) {
    const { default: Stripe } = await import("stripe");
    const { hostname: host, port } = new URL(url);
    const httpClient = Stripe.createFetchHttpClient(fetch);
    const client = new Stripe("none", { host, port, protocol: "http", httpClient, telemetry: false });
    return {
      request: async () => (await client.customers.retrieve("c1")).id,
      upload: async (payload) => {
        const file = { data: Buffer.from(payload), name: "a.txt", type: "text/plain" };
        return (await client.files.create({ purpose: "dispute_evidence", file })).id;
      },
    };
  },
};
