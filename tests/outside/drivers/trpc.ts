import { type Driver, given, json } from "../driver.ts";

export const driver: Driver = {
  name: "@trpc/client",
  handed: "httpLink({ url, fetch: pool.fetch })",
  answer({ path }) {
    if (!path.includes("batch=1")) return json({ result: { data: "pong" } });
    // Two answers of one batch, as the server's jsonl stream writes them.
    const head = {
      0: [[0], [null, 0, 0]],
      1: [[0], [null, 0, 1]],
    };
    const answer = (index: number, value: string) =>
      `[${index},0,[[{"result":0}],["result",0,${index + 2}]]]\n[${index + 2},0,[[{"data":${JSON.stringify(value)}}]]]\n`;
    return {
      headers: { "content-type": "application/json" },
      pieces: [`${JSON.stringify(head)}\n${answer(0, "ping")}`, answer(1, "pong")],
    };
  },
  failure: JSON.stringify({
    error: { message: "teapot", code: -32_600, data: { code: "BAD_REQUEST", httpStatus: 400 } },
  }),
  async connect({ url, fetch }) {
    const [{ createTRPCClient, httpBatchStreamLink, httpLink }, { initTRPC }] = await Promise.all([
      import("@trpc/client"),
      import("@trpc/server"),
    ]);
    const t = initTRPC.create();
    const text = (value: unknown) => String(value);
    const router = t.router({
      item: t.procedure.query(() => ""),
      word: t.procedure.input(text).query(() => ""),
      upload: t.procedure.input(text).mutation(() => ""),
    });
    const client = createTRPCClient<typeof router>({ links: [httpLink({ url, fetch })] });
    const streaming = createTRPCClient<typeof router>({ links: [httpBatchStreamLink({ url, fetch })] });
    return {
      request: (signal) => client.item.query(undefined, given(signal)),
      async stream(more) {
        const [first, second] = [streaming.word.query("first"), streaming.word.query("second")];
        const ping = await first;
        await more();
        return ping + (await second);
      },
      upload: (payload) => client.upload.mutate(payload),
    };
  },
};
