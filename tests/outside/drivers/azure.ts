import { type Driver, joined, json, textsOf } from "../driver.ts";

export const driver: Driver = {
  name: "@azure/core-rest-pipeline",
  handed: "globalThis.fetch = pool.fetch, in its browser build",
  global: true,
  answer: ({ path }) => (path === "/stream" ? { pieces: ["ping", "pong"] } : json("pong")),
  async connect({ url, fetch }) {
    const [azure, { createFetchHttpClient }] = await Promise.all([
      import("@azure/core-rest-pipeline"),
      // The client of the build for browsers: the one for Node sends over node:http.
      import("../node_modules/@typespec/ts-http-runtime/dist/browser/fetchHttpClient.js"),
    ]);
    globalThis.fetch = fetch as typeof globalThis.fetch;
    const client = createFetchHttpClient() as unknown as import("@azure/core-rest-pipeline").HttpClient;
    const pipeline = azure.createPipelineFromOptions({});
    async function send(path: string, options: object = {}): ReturnType<typeof pipeline.sendRequest> {
      const request = azure.createPipelineRequest({
        url: url + path,
        allowInsecureConnection: true,
        ...options,
      });
      const response = await pipeline.sendRequest(client, request);
      if (response.status !== 200) throw new azure.RestError("teapot", { statusCode: response.status });
      return response;
    }
    const parsed = ({ bodyAsText }: Awaited<ReturnType<typeof send>>) => JSON.parse(bodyAsText ?? "null");
    return {
      request: async (abortSignal) => parsed(await send("/item", { abortSignal })),
      async stream(more) {
        const response = await send("/stream", {
          streamResponseStatusCodes: new Set([200]),
          enableBrowserStreams: true,
        });
        const { browserStreamBody } = response as { browserStreamBody?: ReadableStream<Uint8Array> };
        return joined(textsOf(browserStreamBody), (text) => text, more);
      },
      upload: async (body) => parsed(await send("/upload", { method: "POST", body })),
    };
  },
};
