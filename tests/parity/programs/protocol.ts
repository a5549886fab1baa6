/**
 * The line protocol between the driver and a program. Each line is a list of words separated by tabs. It is simple, so
 * that programs in other languages can speak it in a few lines.
 *
 * ```
 * open <case> idleTimeoutMs=2000 …     creates a client for this case; <case> is the port of its server
 * send <case> <request> <method> <url> answered by: done <case> <request> <status or !message>
 * end <case>                           closes the client
 * ```
 *
 * The first line that a program prints is its version. It ends when its standard input ends.
 */

import process from "node:process";
import { createInterface } from "node:readline";
import type { Tune } from "../schedule.ts";

/** The client of one case, as a program implements it. */
export interface CaseClient {
  /** Sends a request and reads the whole response. Returns the status, or throws. */
  send(method: string, url: string): Promise<number>;
  close(): void | Promise<void>;
}

/** The body of requests that have one. */
export const BODY = "x";

export function tuneWords(tune: Tune): string {
  return Object.entries(tune)
    .map(([name, value]) => `${name}=${value}`)
    .join(" ");
}

function parseTune(words: string): Tune {
  return Object.fromEntries(
    words
      .split(" ")
      .filter((word) => word !== "")
      .map((word) => word.split("="))
      .map(([name, value]) => [name, Number(value)]),
  );
}

/** The program's side of the protocol, for programs in TypeScript. */
/** The name of a case: the port of its server. */
export function serveCases(version: string, open: (tune: Tune, port: string) => CaseClient): void {
  const clients = new Map<string, CaseClient>();
  console.log(version);
  const lines = createInterface({ input: process.stdin });
  lines.on("line", (line) => {
    const [verb, name = "", ...words] = line.split("\t");
    const client = clients.get(name);
    if (verb === "open") clients.set(name, open(parseTune(words[0] ?? ""), name));
    else if (verb === "send" && client !== undefined) void send(client, name, words);
    else if (verb === "end") void client?.close();
  });
  lines.on("close", () => process.exit(0));
}

async function send(client: CaseClient, name: string, words: readonly string[]): Promise<void> {
  const [request = "", method = "", url = ""] = words;
  const outcome = await client.send(method, url).then(String, (error) => `!${messageOf(error)}`);
  console.log(["done", name, request, outcome].join("\t"));
}

function messageOf(error: unknown): string {
  const { message = String(error), cause } = error as Error;
  return `${message} ${cause === undefined ? "" : String(cause)}`.replaceAll(/\s+/g, " ").trim();
}
