/** Live call: the arguments of a drawn call, made anew for each side, because a call uses up its body and its signal. */

import type { Call, DrawnBody, DrawnHeaders } from "./draw-call.ts";

/** What every aborted signal has as its reason. */
export class DrawnReason extends Error {
  override readonly name = "DrawnReason";
}

/** A call that can be made. */
export interface LiveCall {
  /** As `fetch` takes them. Throws what a `Request` throws. */
  arguments(): [input: string | URL | Request, init: RequestInit | undefined];
  readonly controller: AbortController;
}

/** @param fill Puts the origins in. */
export function liveCall(call: Call, fill: (text: string) => string): LiveCall {
  const controller = new AbortController();
  if (call.signal === "aborted") controller.abort(new DrawnReason());
  return { controller, arguments: () => liveArguments(call, controller.signal, fill) };
}

function liveArguments(
  call: Call,
  signal: AbortSignal,
  fill: (text: string) => string,
): [string | URL | Request, RequestInit | undefined] {
  const url = fill(call.url);
  const init: Record<string, unknown> = { ...call.members };
  if (call.headers !== undefined) init.headers = headersOf(call.headers);
  if (call.body !== "none") init.body = bodyOf(call.body);
  if (call.signal !== "none") init.signal = signal;
  switch (call.form) {
    case "string":
      return [url, init];
    case "URL":
      return [new URL(url), init];
    case "Request":
      return [new Request(url, init), undefined];
    case "Request and init": {
      const { headers = [["x-of", "init"]], redirect, ...rest } = init;
      return [
        new Request(url, rest),
        { headers, ...(redirect === undefined ? {} : { redirect }) } as RequestInit,
      ];
    }
  }
}

function headersOf({ form, list }: DrawnHeaders): unknown {
  const pairs = list.map(([name, value]) => [name, value] as [string, string]);
  if (form === "pairs") return pairs;
  return form === "object" ? Object.fromEntries(pairs) : new Headers(pairs);
}

function bodyOf(kind: Exclude<DrawnBody, "none">): unknown {
  switch (kind) {
    case "null":
      return null;
    case "text":
      return "hellö";
    case "empty text":
      return "";
    case "bytes":
      return new Uint8Array([0, 1, 13, 10, 255]);
    case "a view":
      return new Uint16Array(new ArrayBuffer(10), 2, 3).fill(0x4142);
    case "a DataView":
      return new DataView(new ArrayBuffer(8), 2, 3);
    case "an ArrayBuffer":
      return new ArrayBuffer(3);
    case "a Blob":
      return new Blob(["blob", new Uint8Array([1])], { type: "A/b" });
    case "a Blob without a type":
      return new Blob(["blob"]);
    case "a form":
      return form();
    case "an empty form":
      return new FormData();
    case "search parameters":
      return new URLSearchParams({ a: "b c", "d&": "é" });
    case "a stream":
      return streamOf(new Uint8Array([65, 66]), new Uint8Array([67]), new Uint8Array([68, 69]));
    case "an empty stream":
      return streamOf();
    case "a stream that fails":
      return failingStream();
    case "a stream of text":
      return streamOf("text");
    case "a number":
      return 42;
  }
}

function form(): FormData {
  const made = new FormData();
  made.append('a\r\nb"', "x\ny\r");
  made.append("f", new Blob(["q"], { type: "t/u" }), 'n"m\n.txt');
  made.append("g", new Blob(["\0"]));
  made.append("ü", "ü");
  return made;
}

function streamOf(...pieces: unknown[]): ReadableStream {
  return new ReadableStream({
    pull(controller) {
      const piece = pieces.shift();
      if (piece === undefined) controller.close();
      else controller.enqueue(piece);
    },
  });
}

function failingStream(): ReadableStream {
  return new ReadableStream({
    pull(controller) {
      controller.error(new RangeError("the stream fails"));
    },
  });
}
