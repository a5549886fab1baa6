import { type Driver, given, json } from "../driver.ts";

export const driver: Driver = {
  name: "pocketbase",
  handed: "collection.getOne(id, { fetch: pool.fetch })",
  answer: () => json({ id: "pong" }),
  failure: JSON.stringify({ message: "teapot" }),
  lacks: { stream: "its events come through an EventSource" },
  async connect({ url, fetch }) {
    const { default: PocketBase } = await import("pocketbase");
    const client = new PocketBase(url);
    const options = { fetch, requestKey: null };
    return {
      request: async (signal) =>
        (await client.collection("items").getOne("1", { ...options, ...given(signal) })).id,
      async upload(payload) {
        const file = new File([payload], "a.txt");
        return (await client.collection("items").create({ file }, options)).id;
      },
    };
  },
};
