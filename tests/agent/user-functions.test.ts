/**
 * The user's functions that an agent's options have and a pool's do not: `createConnection`, `lookup` and `checkServerIdentity`. Whatever one
 * does in the middle of a request, the request ends once, later requests go on, and nothing is left.
 */

import { readFileSync } from "node:fs";
import type { ClientRequest, Server } from "node:http";
import https from "node:https";
import type { AddressInfo } from "node:net";
import { after, before, describe, it } from "node:test";
import { type ConnectionOptions, connect as connectTls } from "node:tls";
import { assert, assertEquals } from "@std/assert";
import { type AgentOptions, agent, type HoldfastAgent } from "../../src/agent/mod.ts";
import { AGENT_PLACES } from "../simulation/nth/places.ts";
import { eventually, PATIENT } from "../support/patience.ts";
import { answerTo, ask, begin, failureOf } from "./asking.ts";

const pem = (name: string) => readFileSync(new URL(`../certs/${name}`, import.meta.url), "utf8");

let server: Server;
let port: number;
before(async () => {
  server = https.createServer({ cert: pem("server.pem"), key: pem("server.key") }, (_, response) =>
    response.end("ok"),
  );
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  port = (server.address() as AddressInfo).port;
});
after(() => {
  server.close();
  server.closeAllConnections?.();
});

/** Where a function is when it acts. */
interface Scene {
  readonly front: HoldfastAgent;
  readonly request: ClientRequest;
  readonly url: string;
  /** What else has come of it. */
  readonly also: Promise<unknown>[];
}

/** What a function can do, and whether its request may go on. */
const DEEDS: Readonly<Record<string, readonly [act: (scene: Scene) => void, fails: boolean]>> = {
  "does nothing": [() => {}, false],
  throws: [
    () => {
      throw Object.assign(new Error("thrown"), { code: "ETHROWN" });
    },
    true,
  ],
  "destroys its request": [({ request }) => request.destroy(), true],
  "destroys the agent": [({ front }) => front.destroy(), false],
  "drains the pool": [({ front }) => front.pool.drain(), false],
  "closes the pool": [({ front, also }) => void also.push(front.pool.close({ timeout: 0 })), true],
  "sends a request": [({ front, url, also }) => void also.push(ask(url, { agent: front })), false],
};

type Name = keyof typeof AGENT_PLACES;

/** The option, which acts first. */
const FUNCTIONS: Readonly<Record<Name, (act: () => void) => AgentOptions>> = {
  createConnection: (act) => ({
    createConnection(options) {
      act();
      return connectTls({ ...(options as ConnectionOptions), host: "127.0.0.1" });
    },
  }),
  lookup: (act) => ({
    lookup(_: string, options: { readonly all?: boolean }, answer: (...values: unknown[]) => void) {
      act();
      if (options.all === true) answer(null, [{ address: "127.0.0.1", family: 4 }]);
      else answer(null, "127.0.0.1", 4);
    },
  }),
  checkServerIdentity: (act) => ({
    checkServerIdentity() {
      act();
      return undefined;
    },
  }),
};

for (const name of Object.keys(AGENT_PLACES) as Name[])
  describe(`agent: ${name}`, () => {
    for (const [deed, [act, fails]] of Object.entries(DEEDS))
      it(`leaves nothing behind when it ${deed}`, PATIENT, async () => {
        const also: Promise<unknown>[] = [];
        let scene: Scene | undefined;
        const once = (): void => {
          const given = scene;
          scene = undefined;
          if (given !== undefined) act(given);
        };
        const front = agent({ ca: pem("ca.pem"), ...FUNCTIONS[name](once) });
        const url = `https://localhost:${port}/`;
        const request = begin(url, { agent: front });
        scene = { front, request, url, also };
        const answer = answerTo(request);
        request.end();
        if (fails) assert((await failureOf(answer)).code !== undefined);
        else await answer.catch(() => {});
        assertEquals(scene, undefined);
        await Promise.all(also);
        if (deed !== "closes the pool") assertEquals((await ask(url, { agent: front })).text, "ok");
        await front.pool.close();
        const { open, active, queued, connecting } = front.pool.stats();
        assertEquals({ open, active, queued, connecting }, { open: 0, active: 0, queued: 0, connecting: 0 });
        await eventually(() => connectionsOf(server) === 0, "the server has no connection");
      });
  });

/** Bun's servers do not count. */
function connectionsOf(of: Server): number {
  return (of as unknown as { readonly _connections?: number })._connections ?? 0;
}
