import { createServer } from "node:http";
import { json } from "../../driver.ts";
import { proxied, visited } from "../gateway.ts";
import type { SdkDriver } from "../sdk-driver.ts";

export const driver: SdkDriver = {
  name: "http-proxy-middleware",
  handed: "createProxyMiddleware({ target, agent })",
  answer: ({ path }) => (path === "/stream" ? { pieces: ["ping", "pong"] } : json("pong")),
  lacks: { abort: "it lets the upstream's request run on" },
  async connect({ url, agent }) {
    const { createProxyMiddleware } = await import("http-proxy-middleware");
    const middleware = createProxyMiddleware({ target: url, agent });
    const server = createServer((request, response) => void middleware(request as never, response as never));
    return visited(await proxied(server));
  },
};
