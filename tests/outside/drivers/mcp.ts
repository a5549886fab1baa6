import { type Driver, events, given, json } from "../driver.ts";

const text = (id: unknown) => ({ jsonrpc: "2.0", id, result: { content: [{ type: "text", text: "pong" }] } });

export const driver: Driver = {
  name: "@modelcontextprotocol/sdk",
  handed: "new StreamableHTTPClientTransport(url, { fetch: pool.fetch })",
  lacks: { abort: "the server is told that a call was cancelled; the request goes on" },
  counts: ({ body }) => body.includes('"tools/call"'),
  answer({ method, body }) {
    if (method !== "POST") return { status: 405 };
    const message = JSON.parse(body);
    if (message.id === undefined) return { status: 202 };
    if (message.method === "initialize") {
      const { protocolVersion } = message.params;
      const serverInfo = { name: "mock", version: "1" };
      return json({
        jsonrpc: "2.0",
        id: message.id,
        result: { protocolVersion, capabilities: { tools: {} }, serverInfo },
      });
    }
    if (message.params.name !== "stream") return json(text(message.id));
    const { progressToken } = message.params._meta;
    const params = { progressToken, progress: 1, message: "ping" };
    return events({ jsonrpc: "2.0", method: "notifications/progress", params }, text(message.id));
  },
  async connect({ url, fetch }) {
    const [{ Client }, { StreamableHTTPClientTransport }] = await Promise.all([
      import("@modelcontextprotocol/sdk/client/index.js"),
      import("@modelcontextprotocol/sdk/client/streamableHttp.js"),
    ]);
    const client = new Client({ name: "holdfast", version: "1" });
    await client.connect(new StreamableHTTPClientTransport(new URL(`${url}/mcp`), { fetch }) as never);
    async function call(name: string, words: string, options: Parameters<typeof client.callTool>[2] = {}) {
      const { content } = await client.callTool({ name, arguments: { words } }, undefined, options);
      return (content as { text: string }[])[0]?.text;
    }
    return {
      request: (signal) => call("item", "ping", given(signal)),
      async stream(more) {
        let heard = "";
        const onprogress = ({ message = "" }) => {
          heard += message;
          void more();
        };
        const last = await call("stream", "ping", { onprogress });
        return heard + last;
      },
      upload: (payload) => call("item", payload),
    };
  },
};
