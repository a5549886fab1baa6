import { json } from "../../driver.ts";
import { visited } from "../gateway.ts";
import type { SdkDriver } from "../sdk-driver.ts";

export const driver: SdkDriver = {
  name: "@fastify/reply-from",
  handed: "app.register(replyFrom, { undici: dispatcher(pool, Dispatcher) })",
  answer: ({ path }) => (path === "/stream" ? { pieces: ["ping", "pong"] } : json("pong")),
  lacks: { abort: "it lets the upstream's request run on" },
  async connect({ url, pool }) {
    const [{ default: fastify }, { default: replyFrom }, { Dispatcher }, { dispatcher }] = await Promise.all([
      import("fastify"),
      import("@fastify/reply-from"),
      import("undici"),
      import("@holdfast/pool/dispatcher"),
    ]);
    const app = fastify();
    const undici = pool === undefined ? {} : dispatcher(pool, Dispatcher);
    await app.register(replyFrom, { base: url, undici, retryMethods: [] });
    app.addContentTypeParser("*", (_request, payload, done) => done(null, payload));
    app.removeContentTypeParser("application/json");
    app.all("/*", (request, reply) => reply.from(request.url));
    return visited(await app.listen({ port: 0, host: "127.0.0.1" }));
  },
};
