import { type Driver, events } from "../driver.ts";

export const driver: Driver = {
  name: "eventsource",
  handed: "new EventSource(url, { fetch: pool.fetch })",
  answer: ({ path }) => (path === "/stream" ? events("ping", "pong") : events("pong")),
  lacks: { upload: "it only reads", abort: "close() gives no error" },
  async connect({ url, fetch }) {
    const { EventSource } = await import("eventsource");
    /** All messages until `last`. */
    const read = (path: string, last: string, more: () => unknown = () => {}) =>
      new Promise((resolve, reject) => {
        const source = new EventSource(url + path, { fetch });
        let text = "";
        source.onmessage = ({ data }) => {
          text += data;
          if (text === "ping") more();
          if (data !== last) return;
          source.close();
          resolve(text);
        };
        source.onerror = (event) => {
          // It connects again by itself after a lost connection: that is its own retry.
          if (source.readyState === source.CLOSED) reject(new Error(`${event.code} ${event.message}`));
        };
      });
    return {
      request: () => read("/item", "pong"),
      stream: (more) => read("/stream", "pong", more),
    };
  },
};
