/** The client of the conformance suite in a Durable Object: one request runs the scenarios, and answers with a line for each. */

import { DurableObject } from "cloudflare:workers";
import { workersTransport } from "../../src/workers/mod.ts";
import { Control } from "../conformance/harness/control.ts";
import { perform } from "../conformance/harness/perform.ts";
import type { Here } from "../conformance/harness/scenario.ts";
import { scenarios } from "../conformance/scenarios/all.ts";
import { processes } from "../conformance/scenarios/processes.ts";

/** As many as on the other runtimes. */
const AT_ONCE = 12;

interface Bindings {
  readonly HOME: {
    idFromName(name: string): unknown;
    get(id: unknown): { fetch(request: Request): Promise<Response> };
  };
}

export class Home extends DurableObject {
  async fetch(request: Request): Promise<Response> {
    const { searchParams } = new URL(request.url);
    const control = await Control.open(Number(searchParams.get("port")));
    const transport = workersTransport({ scope: "object" });
    const here: Here = { can: transport.can, ss: false, transport };
    const waiting = scenarios.filter(({ name }) => name.includes(searchParams.get("only") ?? ""));
    const { readable, writable } = new TransformStream<Uint8Array, Uint8Array>();
    const writer = writable.getWriter();
    const encoder = new TextEncoder();
    const work = async (): Promise<void> => {
      for (let next = waiting.shift(); next !== undefined; next = waiting.shift()) {
        const outcome = processes.includes(next)
          ? { name: next.name, trace: [], skipped: "a Worker starts no processes", ms: 0 }
          : await perform(next, control, here, []);
        await writer.write(encoder.encode(`${JSON.stringify(outcome)}\n`));
      }
    };
    void Promise.all(Array.from({ length: AT_ONCE }, work)).then(() => {
      control.close();
      return writer.close();
    });
    return new Response(readable);
  }
}

export default {
  fetch: (request: Request, { HOME }: Bindings): Promise<Response> =>
    HOME.get(HOME.idFromName("one")).fetch(request),
};
