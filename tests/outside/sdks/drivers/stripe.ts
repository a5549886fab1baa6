import { json } from "../../driver.ts";
import type { SdkDriver } from "../sdk-driver.ts";

export const driver: SdkDriver = {
  name: "stripe",
  handed: 'new Stripe("…", { httpAgent: agent })',
  answer: () => json({ id: "c", object: "customer", name: "pong" }),
  lacks: { stream: "its answers are read whole", abort: "no call takes a signal" },
  async connect({ url, agent }) {
    const { default: Stripe } = await import("stripe");
    const { hostname, port } = new URL(url);
    const client = new Stripe("none", {
      host: hostname,
      port,
      protocol: "http",
      httpAgent: agent,
      maxNetworkRetries: 0,
      telemetry: false,
    });
    return {
      request: async () => ((await client.customers.retrieve("c")) as { name?: unknown }).name,
      upload: async (payload) => (await client.customers.create({ description: payload })).name,
    };
  },
};
