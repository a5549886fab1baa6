/**
 * The scripted server of the conformance suite: raw TCP and TLS, one port per scenario. It is a separate process, so that no
 * runtime is tested against itself. It prints the port of its control connection, on which clients get the other ports and
 * exchange signals with the scripts. It ends when its standard input ends.
 */

import { spawnSync } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { type AddressInfo, createServer, type Server, type Socket } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createServer as createTlsServer } from "node:tls";
import { pem } from "./harness/certs.ts";
import { type Ended, type Hello, jsonLines, Mailbox, type Message } from "./harness/mailbox.ts";
import { alpnOption, Gone, Peer } from "./harness/peer.ts";
import { always, ok } from "./harness/responses.ts";
import type { Scenario } from "./harness/scenario.ts";
import { scenarios } from "./scenarios/all.ts";

/** A running scenario, with its own ports, peers and signals. */
class Stage {
  readonly servers: readonly Server[];
  /** Listens on a Unix socket. */
  readonly local: Server | undefined;
  mailbox = new Mailbox();
  accepted = 0;
  #errors: string[] = [];
  #peers: Peer[] = [];
  #raw: Socket[] = [];
  readonly #scenario: Scenario;
  readonly #tell: (message: Message) => void;

  constructor(scenario: Scenario, tell: (message: Message) => void) {
    this.#scenario = scenario;
    this.#tell = tell;
    this.servers = Array.from({ length: scenario.origins ?? 1 }, (_, origin) => this.#serve(origin));
    this.local = scenario.unix === true ? this.#serve(0) : undefined;
  }

  #serve(origin: number): Server {
    const { speaks = "tcp" } = this.#scenario;
    const accept = (socket: Socket): void => this.#accept(socket, origin);
    const options = { allowHalfOpen: true, noDelay: true };
    if (speaks === "tcp") return createServer(options, accept);
    const name = speaks === "tls-expired" ? "expired" : "server";
    const { alpn } = this.#scenario;
    const certificate = { cert: pem(`${name}.pem`), key: pem(`${name}.key`) };
    const secure = createTlsServer({ ...options, ...certificate, ...alpnOption(alpn) }, accept);
    secure.on("tlsClientError", () => {});
    return speaks === "tls-held" ? this.#withHeldHandshakes(secure) : secure;
  }

  /** Passes each connection to the TLS server when the client says so. */
  #withHeldHandshakes(secure: Server): Server {
    let count = 0;
    return createServer({ allowHalfOpen: true, noDelay: true, pauseOnConnect: true }, async (raw) => {
      const number = ++count;
      this.#raw.push(raw.on("error", () => {}));
      const { name: scenario } = this.#scenario;
      this.#tell({ scenario, name: "connected", data: String(number) });
      await this.mailbox.wait(`handshake ${number}`);
      secure.emit("connection", raw);
    });
  }

  #accept(socket: Socket, origin: number): void {
    this.accepted += 1;
    const { name: scenario, server = always(ok()) } = this.#scenario;
    const tell = (name: string, data: string): void => this.#tell({ scenario, name, data });
    const peer = new Peer(socket, { n: this.accepted, origin }, this.mailbox, tell);
    this.#peers.push(peer);
    server(peer).catch((error) => {
      if (!(error instanceof Gone)) this.#errors.push(String(error?.stack ?? error));
      // The client may have gone before a busy server started its script.
      else tell("gone", "");
    });
  }

  /** Drops all connections. Returns the errors of the scripts. */
  end(): Ended {
    for (const peer of this.#peers) peer.destroy();
    for (const raw of this.#raw) raw.destroy();
    for (const server of this.servers) server.close();
    this.local?.close();
    return { errors: this.#errors };
  }
}

const control = createServer((connection) => {
  const send = (value: unknown): unknown => connection.write(`${JSON.stringify(value)}\n`);
  const stages = new Map(scenarios.map((scenario) => [scenario.name, new Stage(scenario, send)]));
  open(stages).then(send, (error) => connection.destroy(error));
  connection.on("error", () => {});
  connection.on(
    "data",
    jsonLines((value) => {
      const { scenario, name, data } = value as Message;
      const stage = stages.get(scenario);
      const answer = (result: unknown): unknown => send({ scenario, name, data: String(result) });
      if (name === "#accepted") answer(stage?.accepted);
      else if (name === "#end") answer(JSON.stringify(stage?.end()));
      else stage?.mailbox.deliver(name, data);
    }),
  );
});

async function open(stages: ReadonlyMap<string, Stage>): Promise<Hello> {
  const ports: Record<string, number[]> = {};
  const unixPaths: Record<string, string> = {};
  for (const [name, { servers, local }] of stages) {
    ports[name] = await Promise.all(servers.map(listen));
    if (local === undefined) continue;
    unixPaths[name] = join(folder, `${Object.keys(ports).length}.sock`);
    local.listen(unixPaths[name]);
  }
  return { ports, unixPaths, ss: spawnSync("ss", ["-V"]).status === 0 };
}

/** Holds the Unix sockets: their files remain after a run, so each run needs a new folder. */
const folder = mkdtempSync(join(tmpdir(), "holdfast-conformance-"));
process.on("exit", () => rmSync(folder, { recursive: true, force: true }));

/** Listens on a free port of the loopback interface. */
function listen(server: Server): Promise<number> {
  return new Promise((resolve, reject) => {
    server.once("error", reject);
    server.listen(0, "127.0.0.1", () => resolve((server.address() as AddressInfo).port));
  });
}

process.stdin.on("end", () => process.exit()).resume();
console.log(await listen(control));
