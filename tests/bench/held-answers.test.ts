/** The origins of the bench answer nobody of a batch before all have come, or before its client opens no more connections. */

import { Agent, get } from "node:http";
import { describe, it } from "node:test";
import { assertEquals } from "@std/assert";
import { type Origin, startBuilt, startOrigin } from "../../bench/speed/start-origin.ts";
import { eventually, PATIENT } from "../support/patience.ts";

/** Longer than the tests take. */
const LONG_MS = 3_600_000;

/** A client that counts its answers, on as many connections at most. */
class Client {
  readonly agent: Agent;
  answers = 0;

  constructor(maxSockets: number) {
    this.agent = new Agent({ keepAlive: true, maxSockets });
  }

  send(url: string): Promise<void> {
    return new Promise((resolve, reject) => {
      get(url, { agent: this.agent }, (response) => {
        response.resume().on("end", () => {
          this.answers += 1;
          resolve();
        });
      }).on("error", reject);
    });
  }
}

/** All but one of a batch are sent, and then the last one. Answers how many were answered before it, and in all. */
async function inTwoParts(origin: Origin, batch: number): Promise<[number, number]> {
  const client = new Client(batch);
  const { made } = await origin.usage();
  const send = (): Promise<void> => client.send(`${origin.url}/held/${batch}/${LONG_MS}`);
  const first = Array.from({ length: batch - 1 }, send);
  await eventually(async () => (await origin.usage()).made >= made + batch - 1, "the connections");
  const { answers } = client;
  await Promise.all([...first, send()]);
  client.agent.destroy();
  return [answers, client.answers];
}

for (const [what, start] of [
  ["the origin in C, where there is a compiler", () => startOrigin(false)],
  ["the origin in plain Node", () => startBuilt(undefined, false, 1)],
] as const) {
  describe(what, () => {
    it("answers nobody before the last of a batch has come, in each batch", PATIENT, async () => {
      const origin = await start();
      assertEquals(await inTwoParts(origin, 4), [0, 4]);
      assertEquals(await inTwoParts(origin, 7), [0, 7]);
      origin.stop();
    });

    it("answers a client that opens fewer connections, and holds the next batch again", PATIENT, async () => {
      const origin = await start();
      const client = new Client(2);
      await Promise.all(Array.from({ length: 7 }, () => client.send(`${origin.url}/held/7/50`)));
      assertEquals(client.answers, 7);
      client.agent.destroy();
      assertEquals(await inTwoParts(origin, 4), [0, 4]);
      origin.stop();
    });
  });
}
