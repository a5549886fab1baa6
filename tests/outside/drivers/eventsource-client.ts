import { type Driver, events } from "../driver.ts";

export const driver: Driver = {
  name: "eventsource-client",
  handed: "createEventSource({ url, fetch: pool.fetch })",
  answer: ({ path }) => (path === "/stream" ? events("ping", "pong") : events("pong")),
  lacks: {
    error: "it connects again, without an error",
    upload: "it only reads",
    abort: "close() gives no error",
  },
  async connect({ url, fetch }) {
    const { createEventSource } = await import("eventsource-client");
    /** All messages until `last`. */
    async function read(path: string, last: string, more: () => unknown = () => {}): Promise<string> {
      const source = createEventSource({ url: url + path, fetch, onDisconnect: () => {} });
      let text = "";
      for await (const { data } of source) {
        text += data;
        if (text === "ping") more();
        if (data === last) break;
      }
      source.close();
      return text;
    }
    return {
      request: () => read("/item", "pong"),
      stream: (more) => read("/stream", "pong", more),
    };
  },
};
