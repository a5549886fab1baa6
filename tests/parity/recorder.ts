/**
 * The recording server of one case, on raw TCP and its own port. It answers as the case says, and records which request
 * came on which connection, and when and by whom each connection was closed.
 */

import { type AddressInfo, createServer, type Server, type Socket } from "node:net";
import { setTimeout as sleep } from "node:timers/promises";
import { RequestReader } from "../../bench/main-job/origins/request-reader.ts";
import { type Act, type Answer, type Case, type Request, requestsOf } from "./schedule.ts";

/** The record of one connection. */
export interface ConnectionLog {
  /** Numbers of its requests, in order. */
  readonly requests: readonly number[];
  /** `undefined` if it was open at the end. */
  readonly closed: { readonly by: "client" | "server"; readonly atMs: number } | undefined;
  /** When the server last sent something. */
  readonly answeredMs: number;
}

interface Connection {
  readonly socket: Socket;
  readonly requests: number[];
  answeredMs: number;
  closed: ConnectionLog["closed"];
}

/** How long a request waits for the requests that should arrive together with it. */
const GATHER_MS = 3000;

function open(server: Server, port: number): Promise<number> {
  return new Promise((resolve, reject) => {
    server.once("error", reject);
    server.listen(port, "127.0.0.1", () => resolve((server.address() as AddressInfo).port));
  });
}

/** Records one case. */
export class Recorder {
  readonly #servers: readonly Server[];
  readonly #requests: readonly Request[];
  readonly #connections: Connection[] = [];
  /** How often each request arrived. */
  readonly #arrivals: Map<number, number> = new Map();
  #wake: (() => void)[] = [];
  #startedAt = 0;

  constructor(plan: Case) {
    this.#requests = requestsOf(plan);
    this.#servers = Array.from({ length: plan.origins ?? 1 }, () =>
      createServer({ allowHalfOpen: true, noDelay: true }, (socket) => this.#accept(socket)),
    );
  }

  /**
   * Listens on the loopback address, with a port for each origin. The first one is `port`, if given. Returns the ports.
   */
  listen(port = 0): Promise<number[]> {
    this.#startedAt = performance.now();
    return Promise.all(this.#servers.map((server, at) => open(server, at === 0 ? port : 0)));
  }

  /** How often a request arrived. */
  arrivals(request: number): number {
    return this.#arrivals.get(request) ?? 0;
  }

  /** The connections so far, in the order in which they were opened, without those that carried no request. */
  log(): ConnectionLog[] {
    return this.#connections
      .filter(({ requests }) => requests.length > 0)
      .map(({ requests, closed, answeredMs }) => ({ requests: [...requests], closed, answeredMs }));
  }

  close(): void {
    for (const { socket } of this.#connections) socket.destroy();
    for (const server of this.#servers) server.close();
  }

  #now(): number {
    return performance.now() - this.#startedAt;
  }

  #accept(socket: Socket): void {
    const connection: Connection = { socket, requests: [], answeredMs: this.#now(), closed: undefined };
    const reader = new RequestReader();
    this.#connections.push(connection);
    const gone = (): void => {
      this.#closed(connection, "client");
      socket.end();
    };
    socket.on("data", (bytes: Buffer) => {
      reader.push(bytes);
      for (let read = reader.next(); read !== undefined; read = reader.next())
        this.#arrived(connection, read.path);
    });
    socket.on("end", gone);
    socket.on("error", gone);
    socket.on("close", gone);
  }

  #closed(connection: Connection, by: "client" | "server"): void {
    connection.closed ??= { by, atMs: this.#now() };
  }

  #arrived(connection: Connection, path: string): void {
    const number = Number(/\/(\d+)$/.exec(path)?.[1]);
    const request = this.#requests[number - 1];
    // A browser also requests its icon.
    if (request === undefined) return void connection.socket.destroy();
    const arrivals = this.arrivals(number) + 1;
    this.#arrivals.set(number, arrivals);
    connection.requests.push(number);
    for (const wake of this.#wake.splice(0)) wake();
    const answer = request.answers[Math.min(arrivals, request.answers.length) - 1] ?? [];
    void this.#play(connection, answer);
  }

  async #play(connection: Connection, answer: Answer): Promise<void> {
    for (const act of answer) {
      if (connection.closed !== undefined) return;
      await this.#perform(connection, act);
      connection.answeredMs = this.#now();
    }
  }

  async #perform(connection: Connection, act: Act): Promise<void> {
    const { socket } = connection;
    if (act === "fin" || act === "reset") {
      this.#closed(connection, "server");
      if (act === "fin") socket.end();
      else socket.resetAndDestroy();
    } else if (typeof act === "string") socket.write(act, "latin1");
    else if ("pause" in act) await sleep(act.pause);
    else await this.#waitForArrivals(act.gather);
  }

  /** Waits until `count` different requests have arrived, or until the client has evidently not sent them together. */
  async #waitForArrivals(count: number): Promise<void> {
    const until = performance.now() + GATHER_MS;
    while (this.#arrivals.size < count && performance.now() < until) {
      const woken = new Promise<void>((resolve) => this.#wake.push(resolve));
      await Promise.race([woken, sleep(until - performance.now() + 1)]);
    }
  }
}
