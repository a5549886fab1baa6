/** Steps: what each package is asked to do, and what is written down of it. */

import { request as nodeRequest } from "node:http";
import type { Client, StepName } from "./driver.ts";
import type { Mode, Seen } from "./mock.ts";

/** 64 KiB, in which nothing needs to be escaped by any format. */
export const PAYLOAD: string = `begin${"holdfast".repeat(8190)}end`;

/** How a step went. Two fetches agree where both `ok` and `saw` are equal. */
export interface Outcome {
  readonly ok: boolean;
  /** Errors and requests, in words without ports and times. */
  readonly saw: string;
}

/** Tells the mock server what comes, over a connection of its own that no fetch knows. */
export class Control {
  readonly #url: string;

  constructor(url: string) {
    this.#url = url;
  }

  tell(words: string): Promise<Seen> {
    return new Promise((resolve, reject) => {
      const request = nodeRequest(`${this.#url}/${words}`, { agent: false, method: "POST" }, (response) => {
        let text = "";
        response.setEncoding("utf8");
        response.on("data", (chunk) => {
          text += chunk;
        });
        response.on("end", () => resolve(JSON.parse(text)));
      });
      request.on("error", reject);
      request.end();
    });
  }

  begin(mode: Mode): Promise<Seen> {
    return this.tell(`begin/${mode}`);
  }
}

type Step = (client: Client, control: Control) => Promise<Outcome>;

export const steps: Readonly<Record<StepName, Step>> = {
  async request(client, control) {
    await control.begin("answer");
    const answer = await client.request(undefined);
    const { requests, fields } = await control.tell("end");
    return outcome(answer, "pong", `${requests.join(", ")}; fields: ${fields.join(" ")}`);
  },

  async error(client, control) {
    await control.begin("fail");
    return { ok: true, saw: await failureOf(client.request(undefined)) };
  },

  /** The server hangs up in the middle of an exchange on a reused connection. */
  async retry(client, control) {
    await control.begin("answer");
    await client.request(undefined);
    await control.begin("lose");
    const [answer, failure] = await settled(client.request(undefined));
    const { requests } = await control.tell("end");
    if (failure === undefined) return outcome(answer, "pong", `one call, ${requests.length} requests`);
    const again = await client.request(undefined);
    return outcome(again, "pong", `a second call, after ${describe(failure)}`);
  },

  async stream(client, control) {
    await control.begin("answer");
    const text = await client.stream?.(async () => void (await control.tell("more")));
    return outcome(text, "pingpong", (await control.tell("end")).requests.join(", "));
  },

  async upload(client, control) {
    await control.begin("answer");
    const answer = await client.upload?.(PAYLOAD);
    const { requests, payload } = await control.tell("end");
    if (!payload) return { ok: false, saw: `the payload did not arrive: ${requests.join(", ")}` };
    return outcome(answer, "pong", requests.join(", "));
  },

  /** The caller gives up while the server keeps silent: the connection is closed, and the next call goes well. */
  async abort(client, control) {
    await control.begin("hold");
    const controller = new AbortController();
    const failure = failureOf(client.request(controller.signal));
    await control.tell("arrived");
    controller.abort();
    const saw = await failure;
    await control.tell("closed");
    await control.begin("answer");
    return outcome(await client.request(undefined), "pong", saw);
  },
};

function outcome(actual: unknown, expected: string, saw: string): Outcome {
  if (actual === expected) return { ok: true, saw };
  return { ok: false, saw: `${JSON.stringify(actual)} in place of ${JSON.stringify(expected)}: ${saw}` };
}

async function settled(promise: Promise<unknown>): Promise<[unknown, unknown]> {
  try {
    return [await promise, undefined];
  } catch (error) {
    return [undefined, error];
  }
}

async function failureOf(promise: Promise<unknown>): Promise<string> {
  const [answer, failure] = await settled(promise);
  if (failure === undefined) throw new Error(`no error, but ${JSON.stringify(answer)}`);
  return describe(failure);
}

/** Class, name, status and message, as code that catches it would look at them. */
export function describe(failure: unknown): string {
  if (typeof failure !== "object" || failure === null) return String(failure);
  const { name, message, status, statusCode } = failure as Record<string, unknown>;
  const kind = failure.constructor?.name;
  const titles = [kind, name, status ?? statusCode].filter((part) => part !== undefined && part !== "");
  const text = String(message ?? JSON.stringify(failure, sorted))
    .replaceAll(/(127\.0\.0\.1|localhost):\d+/g, "host")
    .replaceAll(/\w{3}, \d\d \w{3} \d{4} [\d:]{8} GMT/g, "date");
  return `${[...new Set(titles.map(String))].join(" ")}: ${text.slice(0, 500)}`;
}

/** The order of members is nobody's promise. */
function sorted(_key: string, value: unknown): unknown {
  if (typeof value !== "object" || value === null || Array.isArray(value) || value instanceof Headers)
    return value;
  return Object.fromEntries(Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1)));
}
