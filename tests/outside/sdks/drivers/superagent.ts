import { json } from "../../driver.ts";
import type { SdkDriver } from "../sdk-driver.ts";

export const driver: SdkDriver = {
  name: "superagent",
  handed: "superagent.get(url).agent(agent)",
  answer: () => json("pong"),
  lacks: { stream: "it pipes into a stream of the caller" },
  async connect({ url, agent }) {
    const { default: superagent } = await import("superagent");
    return {
      async request(signal) {
        const request = superagent.get(`${url}/item`).agent(agent);
        const ended = new Promise((resolve, reject) => {
          signal?.addEventListener("abort", () => {
            request.abort();
            reject(signal.reason);
          });
          request.then(({ body }: { body: unknown }) => resolve(body), reject);
        });
        return await ended;
      },
      upload: async (payload) =>
        (await superagent.put(`${url}/upload`).agent(agent).type("text/plain").send(payload)).body,
    };
  },
};
