/** Cases of stale connections: a request without a complete response, on a fresh and on a reused connection. */

import { dropped, ok, raw, reset, response } from "../answers.ts";
import { type Answer, type Case, get, type Method, request, type Step, wait } from "../schedule.ts";

const MOMENT_MS = 350;

/** Pause between the parts of an answer, so that the client has read the first part. */
const PART_MS = 100;

const halfHead: Answer = ["HTTP/1.1 200 OK\r\nContent-Le", { pause: PART_MS }, "fin"];
const halfBody: Answer = ["HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nok", { pause: PART_MS }, "fin"];

const faults: readonly (readonly [name: string, fault: Answer])[] = [
  ["closed", dropped],
  ["reset", reset],
  ["closed after half a head", halfHead],
  ["closed after half a body", halfBody],
  ["answered 408 and closed", [response("HTTP/1.1 408 Request Timeout", "Connection: close"), "fin"]],
];

const methods: readonly Method[] = ["GET", "HEAD", "POST", "PUT", "DELETE"];

const headOnly: Answer = [raw("HTTP/1.1 200 OK", ["Content-Length: 2"])];

/** A request that meets the fault at its first arrival, and gets a good answer at the next ones. */
function once(method: Method, fault: Answer): Step {
  return request(method, fault, method === "HEAD" ? headOnly : ok());
}

const fresh = (["GET", "POST"] as const).flatMap((method) =>
  faults.slice(0, 3).map(
    ([name, fault]): Case => ({
      name: `stale: ${method} on a fresh connection, ${name}`,
      steps: [once(method, fault)],
    }),
  ),
);

const reused = methods.flatMap((method) =>
  faults
    .filter(([name]) => method === "GET" || method === "POST" || name === "closed")
    .map(
      ([name, fault]): Case => ({
        name: `stale: ${method} on a reused connection, ${name}`,
        steps: [get(ok()), wait(MOMENT_MS), once(method, fault)],
      }),
    ),
);

const always: Case[] = [
  {
    name: "stale: GET, every attempt closed",
    steps: [get(ok()), wait(MOMENT_MS), get(dropped)],
  },
  {
    name: "stale: the request after one that was sent again",
    steps: [get(ok()), wait(MOMENT_MS), once("GET", dropped), wait(MOMENT_MS), get(ok())],
  },
];

export const stale: Case[] = [...fresh, ...reused, ...always];
