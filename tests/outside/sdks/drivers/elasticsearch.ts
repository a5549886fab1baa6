import { given } from "../../driver.ts";
import type { SdkDriver } from "../sdk-driver.ts";

export const driver: SdkDriver = {
  name: "@elastic/elasticsearch",
  handed: "new Client({ Connection: HttpConnection, agent: () => agent })",
  answer: () => ({
    headers: { "content-type": "application/json", "x-elastic-product": "Elasticsearch" },
    body: JSON.stringify({ _source: "pong", result: "pong" }),
  }),
  lacks: { stream: "its answers are read whole" },
  async connect({ url, agent }) {
    const { Client, HttpConnection } = await import("@elastic/elasticsearch");
    const client = new Client({ node: url, Connection: HttpConnection, agent: () => agent, maxRetries: 0 });
    return {
      request: async (signal) => (await client.get({ index: "i", id: "1" }, given(signal)))._source,
      upload: async (payload) => (await client.index({ index: "i", id: "1", document: { payload } })).result,
    };
  },
};
