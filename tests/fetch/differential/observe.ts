/** Observe: makes a drawn call with one `fetch`, and says what came of it and what its servers were sent, as plain data. */

import { Buffer } from "node:buffer";
import type { Draw, Reading } from "./draw.ts";
import { DrawnReason, type LiveCall, liveCall } from "./live-call.ts";
import { type Noted, Origin } from "./origin.ts";

/** What came of a call: sentences by their subject, such as `status`, `header etag` or `request 1 body`. */
export type Outcome = ReadonlyMap<string, string>;

/** The subject of what an error says, which may be otherwise on each side. */
export const WHY = "why";

type AnyFetch = (input: string | URL | Request, init?: RequestInit) => Promise<Response>;

/** No call takes that long; even on a busy machine, one that does waits for what never comes. */
const HANGS_MS = 20_000;

export async function observe(fetch: AnyFetch, draw: Draw): Promise<Outcome> {
  await using origin = await Origin.listening(draw.answers);
  const call = liveCall(draw.call, origin.fill);
  const outcome = new Map<string, string>();
  const response = await settled(() => called(fetch, call, draw));
  if (response.value === undefined) {
    outcome.set("call", response.error);
    outcome.set(WHY, response.why);
  } else {
    outcome.set("call", "a response");
    for (const [what, said] of described(response.value)) outcome.set(what, origin.blank(said));
    const body = await settled(() => readBody(response.value, draw, call.controller));
    outcome.set("body", origin.blank(body.value ?? body.error));
    outcome.set(WHY, body.why);
  }
  outcome.set("requests", String(origin.requests.length));
  origin.requests.forEach((request, index) => {
    for (const [what, said] of noted(request))
      outcome.set(`request ${index + 1} ${what}`, origin.blank(said));
  });
  return outcome;
}

async function called(fetch: AnyFetch, call: LiveCall, { call: { signal } }: Draw): Promise<Response> {
  const promise = fetch(...call.arguments());
  if (signal === "aborted in the call") call.controller.abort(new DrawnReason());
  return await promise;
}

type Settled<Value> =
  | { readonly value: Value; readonly error: ""; readonly why: "" }
  | { readonly value: undefined; readonly error: string; readonly why: string };

/** The value, or the name of the error. */
async function settled<Value>(act: () => Promise<Value>): Promise<Settled<Value>> {
  let timer: ReturnType<typeof setTimeout> | undefined;
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new Hangs()), HANGS_MS);
  });
  try {
    return { value: await Promise.race([act(), late]), error: "", why: "" };
  } catch (thrown) {
    const { name, message, cause } = thrown as Error;
    return { value: undefined, error: name, why: cause instanceof Error ? cause.message : message };
  } finally {
    clearTimeout(timer);
  }
}

class Hangs extends Error {
  override readonly name = "hangs";
}

function* described(response: Response): Generator<[what: string, said: string]> {
  const { status, statusText, ok, url, redirected, type, body, bodyUsed, headers } = response;
  yield* Object.entries({ status, statusText, ok, url, redirected, type, bodyUsed }).map(
    ([name, value]): [string, string] => [name, String(value)],
  );
  yield ["has a body", String(body !== null)];
  for (const [name, value] of headers) if (name !== "set-cookie") yield [`header ${name}`, value];
  yield ["set-cookie", JSON.stringify(headers.getSetCookie())];
}

const latin1 = (bytes: ArrayBuffer | Uint8Array): string =>
  Buffer.from(bytes as Uint8Array).toString("latin1");

async function readBody(response: Response, draw: Draw, controller: AbortController): Promise<string> {
  const text = await read(response, draw, controller);
  return `${text}${response.bodyUsed ? "" : " (unused)"}`;
}

async function read(response: Response, draw: Draw, controller: AbortController): Promise<string> {
  const reading = READ[draw.reading](response);
  if (draw.call.signal === "aborted while the body is read") controller.abort(new DrawnReason());
  return await reading;
}

const READ: Readonly<Record<Reading, (response: Response) => Promise<string>>> = {
  text: (response) => response.text(),
  json: async (response) => JSON.stringify(await response.json()),
  arrayBuffer: async (response) => latin1(await response.arrayBuffer()),
  blob: async (response) => {
    const blob = await response.blob();
    return `${blob.type}: ${latin1(await blob.arrayBuffer())}`;
  },
  formData: async (response) => {
    const entries = [...(await response.formData())].map(async ([name, value]) => [
      name,
      typeof value === "string" ? value : [value.name, value.type, await value.text()],
    ]);
    return JSON.stringify(await Promise.all(entries));
  },
  clone: async (response) => {
    const clone = response.clone();
    const texts = await Promise.all([response.text(), clone.text()]);
    return `${texts.join(" and ")} ${clone.status} ${clone.url} ${clone.type === response.type}`;
  },
  stream: async ({ body }) => {
    const pieces: Uint8Array[] = [];
    for await (const piece of body ?? []) pieces.push(piece);
    return latin1(Buffer.concat(pieces));
  },
  twice: async (response) => {
    const first = await response.text();
    const second = await settled(() => response.text());
    return `${first}, then ${second.value ?? second.error}`;
  },
  cancel: async ({ body }) => {
    await body?.cancel();
    return "cancelled";
  },
};

/** What is on the wire but for a form's boundary, which is random. */
function* noted({ line, fields, body }: Noted): Generator<[what: string, said: string]> {
  const boundary = /^--(\S+?)(--)?\r\n/.exec(body)?.[1];
  const plain = (text: string) => (boundary === undefined ? text : text.replaceAll(boundary, "BOUNDARY"));
  yield ["line", line];
  yield ["body", plain(body)];
  const values = new Map<string, string>();
  for (const [name, value] of fields)
    values.set(name, values.has(name) ? `${values.get(name)} | ${value}` : value);
  for (const [name, value] of values) {
    const isLength = name === "content-length" && value === String(body.length);
    yield [`field ${name}`, isLength ? "that of the body" : plain(value)];
  }
}
