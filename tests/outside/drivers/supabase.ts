import { type Driver, joined, json, textsOf } from "../driver.ts";

export const driver: Driver = {
  name: "@supabase/supabase-js",
  handed: "createClient(url, key, { global: { fetch: pool.fetch } })",
  answer({ path }) {
    if (path.startsWith("/functions/"))
      return { headers: { "content-type": "text/event-stream" }, pieces: ["ping", "pong"] };
    return json(path.startsWith("/storage/") ? { Id: "pong", Key: "files/a.txt" } : [{ name: "pong" }]);
  },
  failure: JSON.stringify({ message: "teapot", code: "PGRST100" }),
  async connect({ url, fetch }) {
    const { createClient } = await import("@supabase/supabase-js");
    const client = createClient(url, "none", { global: { fetch }, auth: { persistSession: false } });
    return {
      async request(signal) {
        const query = client.from("items").select("name");
        const { data, error } = await (signal === undefined ? query : query.abortSignal(signal));
        if (error !== null) throw error;
        return data[0]?.name;
      },
      async stream(more) {
        const { data, error } = await client.functions.invoke<Response>("stream");
        if (error !== null) throw error;
        return joined(textsOf(data?.body), (text) => text, more);
      },
      async upload(payload) {
        const { data, error } = await client.storage.from("files").upload("a.txt", new Blob([payload]));
        if (error !== null) throw error;
        return data.id;
      },
    };
  },
};
