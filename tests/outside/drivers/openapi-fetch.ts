import { type Driver, given, joined, json, textsOf } from "../driver.ts";

interface Paths {
  "/item": { get: { responses: { 200: { content: { "application/json": string } } } } };
  "/stream": { get: { responses: { 200: { content: { "text/plain": string } } } } };
  "/upload": {
    post: {
      requestBody: { content: { "multipart/form-data": { file: string } } };
      responses: { 200: { content: { "application/json": string } } };
    };
  };
}

export const driver: Driver = {
  name: "openapi-fetch",
  handed: "createClient<paths>({ fetch: pool.fetch })",
  answer: ({ path }) => (path === "/stream" ? { pieces: ["ping", "pong"] } : json("pong")),
  async connect({ url, fetch }) {
    const { default: createClient } = await import("openapi-fetch");
    const client = createClient<Paths>({ baseUrl: url, fetch });
    return {
      async request(signal) {
        const { data, response } = await client.GET("/item", given(signal));
        if (!response.ok) throw new Error(`the status is ${response.status}`);
        return data;
      },
      async stream(more) {
        const { data } = await client.GET("/stream", { parseAs: "stream" });
        return joined(textsOf(data), (text) => text, more);
      },
      async upload(file) {
        const bodySerializer = () => {
          const form = new FormData();
          form.append("file", new Blob([file]), "a.txt");
          return form;
        };
        return (await client.POST("/upload", { body: { file }, bodySerializer })).data;
      },
    };
  },
};
