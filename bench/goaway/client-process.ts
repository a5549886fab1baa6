/** Client process: sends all requests of a run through one client, and reports how they ended. */

import process from "node:process";
import { type ClientName, makeClient } from "./clients.ts";
import { isPost, type Launch, type Outcome, pathOf } from "./protocol.ts";

/** A response that takes longer than this will not come. */
const HANGS_AFTER_MS = 60_000;
/** What nghttpd answers to a GET. */
const NOT_FOUND = "404 Not Found";

const launch = JSON.parse(process.argv[2] ?? "{}") as Launch;
const { run, port, requests, together } = launch;
const errors: Record<string, number> = {};
const counts = { right: 0, failedGets: 0, failedPosts: 0, wrong: 0, hung: 0 };
const client = await makeClient(launch.client as ClientName);

async function lane(indexes: Iterator<number>): Promise<void> {
  for (let next = indexes.next(); next.done !== true; next = indexes.next()) await one(next.value);
}

async function one(index: number): Promise<void> {
  const path = pathOf(run, index);
  const method = isPost(index) ? "POST" : "GET";
  const body = isPost(index) ? path : undefined;
  try {
    const text = await withinPatience(client.send({ url: `https://127.0.0.1:${port}${path}`, method, body }));
    if (text === undefined) counts.hung += 1;
    else if (text === path || (method === "GET" && text.includes(NOT_FOUND))) counts.right += 1;
    else counts.wrong += 1;
  } catch (error) {
    if (isPost(index)) counts.failedPosts += 1;
    else counts.failedGets += 1;
    const code = codeOf(error);
    errors[code] = (errors[code] ?? 0) + 1;
  }
}

async function withinPatience(answer: Promise<string>): Promise<string | undefined> {
  let timer: ReturnType<typeof setTimeout> | undefined;
  const never = new Promise<undefined>((resolve) => {
    timer = setTimeout(() => resolve(undefined), HANGS_AFTER_MS);
  });
  try {
    return await Promise.race([answer, never]);
  } finally {
    clearTimeout(timer);
  }
}

function codeOf(error: unknown): string {
  const { code, cause, message } = error as { code?: string; cause?: { code?: string }; message?: string };
  const words = message?.replaceAll(/\d+/g, "N").slice(0, 60);
  return [code ?? cause?.code, words].filter((part) => part !== undefined).join(": ") || String(error);
}

function* upTo(count: number): Generator<number, undefined> {
  for (let index = 0; index < count; index++) yield index;
}

const startedAt = performance.now();
const indexes = upTo(requests);
await Promise.all(Array.from({ length: together }, () => lane(indexes)));
const outcome: Outcome = { ...counts, errors, elapsedMs: performance.now() - startedAt };
process.stdout.write(`${JSON.stringify(outcome)}\n`);
await client.close();
process.stdin.on("end", () => process.exit(0)).resume();
