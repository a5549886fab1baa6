import { type Driver, given, json } from "../driver.ts";

export const driver: Driver = {
  name: "graphql-request",
  handed: "new GraphQLClient(url, { fetch: pool.fetch })",
  answer: () => json({ data: { item: "pong" } }),
  failure: JSON.stringify({ errors: [{ message: "teapot" }] }),
  lacks: { stream: "it reads every answer whole" },
  async connect({ url, fetch }) {
    const { GraphQLClient } = await import("graphql-request");
    const client = new GraphQLClient(`${url}/graphql`, { fetch });
    const ask = async (text: string, signal?: AbortSignal) =>
      (
        await client.request<{ item: string }>({
          document: "query ($text: String) { item(text: $text) }",
          variables: { text },
          ...given(signal),
        })
      ).item;
    return { request: (signal) => ask("ping", signal), upload: (payload) => ask(payload) };
  },
};
