import { type Driver, given, joined, json, textsOf } from "../driver.ts";

const repository = { owner: "holdfast", repo: "pool" };

export const driver: Driver = {
  name: "octokit",
  handed: "new Octokit({ request: { fetch: pool.fetch } })",
  answer: ({ path }) => (path === "/stream" ? { pieces: ["ping", "pong"] } : json({ name: "pong" })),
  failure: JSON.stringify({ message: "teapot" }),
  async connect({ url, fetch }) {
    const { Octokit } = await import("octokit");
    const client = new Octokit({ baseUrl: url, request: { fetch } });
    return {
      request: async (signal) =>
        (await client.rest.repos.get({ ...repository, request: given(signal) })).data.name,
      async stream(more) {
        const { data } = await client.request("GET /stream", {
          request: { parseSuccessResponseBody: false },
        });
        return joined(textsOf(data), (text) => text, more);
      },
      upload: async (data) =>
        (
          await client.rest.repos.uploadReleaseAsset({
            ...repository,
            release_id: 1,
            name: "a.txt",
            data,
            baseUrl: url,
            headers: { "content-type": "text/plain" },
          })
        ).data.name,
    };
  },
};
