/**
 * A program that sends one request and then computes for long has it on the wire meanwhile, whatever other connections did just
 * before. Writes that are put off to be joined with others must not break that. The origin is a process of its own
 * (`lone-request-origin.ts`), which says by files what has come; so the client learns it while its event loop stands still.
 *
 * The pool's clock stands still as well: otherwise a busy machine has connections looked at first, which takes a turn. Over TLS on
 * Node that is so in any case right behind a response, because each record is read for itself.
 */

import { existsSync, readFileSync } from "node:fs";
import { describe, it } from "node:test";
import { assert, assertEquals } from "@std/assert";
import { type Clock, createPool, type Pool } from "../../mod.ts";
import { PATIENT } from "../support/patience.ts";
import { originProcess, runtime } from "./origin-process.ts";

const ca = readFileSync(new URL("../certs/ca.pem", import.meta.url), "utf8");

/** Time stands still, and turns of the event loop are real. */
const STILL: Clock = {
  now: () => 1000,
  wall: () => 1.7e12,
  schedule(delayMs, callback) {
    const timer = setTimeout(callback, delayMs);
    return { cancel: () => clearTimeout(timer) };
  },
  turn: (callback) => void setTimeout(callback, 0),
};

/** A test that waits for longer waits in vain. */
const PATIENCE_MS = 10_000;

const origin = originProcess("lone-request-origin");
const { folder } = origin;
let names = 0;

/** Computes until the origin has answered a request. Nothing else of the program runs meanwhile. */
function computeUntilAnswered(name: string): void {
  const until = performance.now() + PATIENCE_MS;
  while (!existsSync(`${folder}/${name}`))
    assert(performance.now() < until, `${name} is not on the wire while the program computes`);
}

type Api = "request" | "fetch";

/** A pool with connections to the origin, each of which has been used. */
class Scene implements AsyncDisposable {
  readonly #pool: Pool = createPool({ clock: STILL, tls: { ca }, http2: false });
  readonly #url: string;
  readonly #api: Api;

  private constructor(secure: boolean, api: Api) {
    this.#url = secure ? `https://localhost:${origin.ports[1]}/` : `http://127.0.0.1:${origin.ports[0]}/`;
    this.#api = api;
  }

  static async open(secure: boolean, api: Api, connections: number): Promise<Scene> {
    const scene = new Scene(secure, api);
    await scene.#pool.preconnect(scene.#url, connections);
    await scene.done(scene.send(connections));
    assertEquals(scene.#pool.stats().opened, connections);
    return scene;
  }

  /** Sends requests at once. Answers with their names. */
  send(count: number): [name: string, answer: Promise<string>][] {
    return Array.from({ length: count }, () => {
      const name = `${this.#api}-${++names}`;
      const asked: Promise<{ text(): Promise<string> }> = this.#pool[this.#api](this.#url + name);
      return [name, asked.then((answer) => answer.text())];
    });
  }

  async done(sent: readonly (readonly [name: string, answer: Promise<string>])[]): Promise<void> {
    for (const [name, answer] of sent) assertEquals(await answer, name);
  }

  /** Sends one request, and computes until the origin has answered it. */
  async sendOneAndCompute(): Promise<void> {
    const sent = this.send(1);
    for (const [name] of sent) computeUntilAnswered(name);
    await this.done(sent);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#pool.close();
  }
}

/** Runs a program in a callback of a timer. */
function inTimer(program: () => Promise<void>): Promise<void> {
  return new Promise((resolve, reject) => {
    setTimeout(() => program().then(resolve, reject), 1);
  });
}

const COUNTS = [1, 2, 3, 4, 5, 40];
/** Of the requests that are sent at once, so many are written at once on every runtime. */
const WRITTEN_AT_ONCE = 2;

for (const secure of runtime === "Node" ? [false] : [false, true]) {
  describe(`a request over ${secure ? "TLS" : "TCP"} is on the wire while the program computes`, () => {
    for (const api of secure ? (["request"] as const) : (["request", "fetch"] as const)) {
      it(`${api}(): when nothing was sent before`, PATIENT, async () => {
        await using scene = await Scene.open(secure, api, 2);
        await inTimer(() => scene.sendOneAndCompute());
      });

      for (const count of COUNTS) {
        it(`${api}(): when ${count} others were answered just before`, PATIENT, async () => {
          await using scene = await Scene.open(secure, api, count + 1);
          for (let times = 0; times < 3; times++) {
            await scene.done(scene.send(count));
            await scene.sendOneAndCompute();
          }
        });
      }

      // Node polls between a timer and an immediate: then no turn seems to have ended.
      for (const count of [1, WRITTEN_AT_ONCE]) {
        it(
          `${api}(): when ${count} others were sent by a timer, and are answered at once`,
          PATIENT,
          async () => {
            await using scene = await Scene.open(secure, api, count + 1);
            await inTimer(async () => {
              const others = scene.send(count);
              for (const [name] of others) computeUntilAnswered(name);
              await scene.done(others);
              await scene.sendOneAndCompute();
            });
          },
        );
      }

      it(`${api}(): when another was sent at the same time`, PATIENT, async () => {
        await using scene = await Scene.open(secure, api, 3);
        await inTimer(async () => {
          const others = scene.send(WRITTEN_AT_ONCE - 1);
          await scene.sendOneAndCompute();
          await scene.done(others);
        });
      });
    }
  });
}
