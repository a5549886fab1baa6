/** What the HTTP/1.1 wire reports to an exchange, and what it remembers between the responses of a connection. */

import { describe, it } from "node:test";
import { assertEquals } from "@std/assert";
import { originOf } from "../../src/contract/origin.ts";
import { portableText } from "../../src/contract/text.ts";
import type { Socket } from "../../src/contract/transport.ts";
import type {
  ConnectionUser,
  RequestMessage,
  WireConnection,
  WireListener,
  WireStream,
} from "../../src/contract/wire.ts";
import { clearedBytes } from "../../src/exchange/body-buffer.ts";
import { Http1Shared } from "../../src/http1/http1-shared.ts";
import { Http1Wire } from "../../src/http1/http1-wire.ts";
import { BodyWriter } from "../../src/http1/send/body-writer.ts";
import { NO_FIELDS } from "../../src/http1/send/request-head.ts";
import { resolveOptions } from "../../src/options/resolve.ts";
import { bytesOf, textOf } from "./transcript.ts";

const REQUEST: RequestMessage = {
  method: "GET",
  target: "/",
  origin: originOf("http://a.test"),
  fields: NO_FIELDS,
  body: undefined,
};

const OK = "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n";

/** Records everything that a wire does and reports. */
class Recorder implements WireListener, WireConnection {
  readonly lines: string[] = [];
  user: ConnectionUser | undefined = undefined;
  readonly socket: Socket;

  constructor() {
    const nothing = (): void => {};
    this.socket = {
      applied: { tcpKeepAlive: false, noDelay: true },
      write: (head, body, tail = "") => {
        const parts = [
          typeof head === "string" ? head : textOf(head),
          body === undefined ? "" : textOf(body),
        ];
        this.lines.push(`write ${JSON.stringify(parts.join("") + tail)}`);
        return true;
      },
      pause: nothing,
      resume: () => void this.lines.push(`resume ${this.user === undefined ? "for nobody" : "for the wire"}`),
      ref: nothing,
      setHandler: nothing,
      close: nothing,
      abort: nothing,
      startTls: () => Promise.reject(new Error("No TLS here")),
    };
  }

  capacityChanged(): void {}
  retire(): void {}
  ended(): void {}
  pause = (): void => void this.lines.push("pause");
  ref = (awaited: boolean): void => void this.lines.push(`ref ${awaited}`);
  interim = (head: { status: number }): void => void this.lines.push(`interim ${head.status}`);
  head = (head: { status: number }, length?: number): void =>
    void this.lines.push(`head ${head.status} ${length}`);
  body = (bytes: Uint8Array, start: number, end: number): void =>
    void this.lines.push(`body ${portableText.latin1(bytes, start, end)}`);
  progress = (): void => void this.lines.push("progress");
  complete = (trailers: string): void => void this.lines.push(`complete${trailers}`);
  drained = (): void => void this.lines.push("drained");
  fault = (fault: Error): void => void this.lines.push(`fault ${fault.message}`);
  unprocessed = (reason: string): void => void this.lines.push(`unprocessed ${reason}`);
  lost = (error?: Error): void => void this.lines.push(`lost ${error}`);
  cut = (): void => void this.lines.push("cut");
  evicted = (): void => void this.lines.push("evicted");
}

const wire = (): Http1Wire =>
  new Http1Wire(new Http1Shared(resolveOptions().limits, portableText, clearedBytes));

/** An exchange whose request was sent. The write is not recorded. */
function sent(on = wire()): { told: Recorder; stream: WireStream; arrive: (text: string) => void } {
  const told = new Recorder();
  const stream = on.open(told, told);
  stream.send(REQUEST, false, undefined);
  told.lines.length = 0;
  return { told, stream, arrive: (text) => told.user?.data(bytesOf(text), text.length) };
}

describe("an HTTP/1.1 wire", () => {
  it("reports the parts of a response in order, and its end after all bytes that arrived at once", () => {
    const { told, stream, arrive } = sent();
    arrive(`HTTP/1.1 103 Early Hints\r\n\r\n${OK.replace("h: 0", "h: 4")}\r\nab`);
    arrive("cd");
    assertEquals(told.lines, ["interim 103", "head 200 4", "body ab", "progress", "body cd", "complete"]);
    assertEquals([stream.framingEnd, stream.announcedEnd, stream.responded], [undefined, undefined, true]);
  });

  it("makes the connection unusable after surplus bytes behind a response", () => {
    const { told, stream, arrive } = sent();
    arrive(`${OK}\r\nHTTP/1.1`);
    assertEquals([told.lines.at(-1), stream.framingEnd], ["complete", "bad-framing"]);
  });

  it("reports bytes that arrive before the request was sent as unsolicited", () => {
    const told = new Recorder();
    wire().open(told, told);
    told.user?.data(bytesOf(OK), OK.length);
    told.user?.closed(undefined);
    assertEquals(told.lines, ["unprocessed unsolicited-data", "lost undefined"]);
  });

  it("completes a response at the end of the connection only if its framing allows that", () => {
    for (const [head, last] of [
      ["HTTP/1.1 200 OK\r\n\r\n", "complete"],
      [`${OK.replace("h: 0", "h: 4")}\r\n`, "lost undefined"],
    ] as const) {
      const { told, arrive } = sent();
      arrive(`${head}ab`);
      told.user?.closed(undefined);
      assertEquals(told.lines.at(-1), last);
    }
  });

  it("reports nothing after it was closed, and resumes a paused socket then", () => {
    const { told, stream, arrive } = sent();
    arrive(OK);
    stream.pause();
    assertEquals(stream.close("aborted"), "aborted");
    arrive("\r\n");
    assertEquals(told.lines, ["progress", "pause", "resume for nobody"]);
  });

  it("frames a body by its length or in chunks, without an empty chunk", () => {
    const { told, stream } = sent();
    for (const length of [3, undefined]) {
      const body = stream.openBody(length);
      for (const piece of ["ab", "", "c"]) {
        body.count(piece.length);
        body.write(bytesOf(piece));
      }
      body.end();
      assertEquals(body.left, 0);
    }
    const chunks = ['write "2\\r\\nab\\r\\n"', 'write "1\\r\\nc\\r\\n"', 'write "0\\r\\n\\r\\n"'];
    assertEquals(told.lines, ['write "ab"', 'write "c"', ...chunks]);
  });
});

describe("the wires of one origin", () => {
  const shared = (): Http1Shared => new Http1Shared(resolveOptions().limits, portableText, clearedBytes);
  const four = `${OK.replace("h: 0", "h: 4")}\r\n`;

  it("read one after the other with one parser, and those whose responses overlap each with its own", () => {
    const ofOrigin = shared();
    const one = sent(new Http1Wire(ofOrigin));
    const other = sent(new Http1Wire(ofOrigin));
    one.arrive(`${four}ab`);
    other.arrive(`${four}wxyz`);
    other.stream.close(undefined);
    one.arrive("cd");
    one.stream.close(undefined);
    assertEquals(one.told.lines, ["head 200 4", "body ab", "progress", "body cd", "complete"]);
    assertEquals(other.told.lines, ["head 200 4", "body wxyz", "complete"]);
    const parser = ofOrigin.takeParser();
    ofOrigin.giveParser(parser);
    const third = sent(new Http1Wire(ofOrigin));
    third.arrive(four);
    const isTaken = ofOrigin.takeParser() !== parser;
    third.arrive("abcd");
    third.stream.close(undefined);
    assertEquals([isTaken, ofOrigin.takeParser() === parser], [true, true]);
  });

  it("never share a parser that is still reading, even if its exchange has ended", () => {
    const ofOrigin = shared();
    const one = sent(new Http1Wire(ofOrigin));
    const other = sent(new Http1Wire(ofOrigin));
    one.told.head = () => {
      one.stream.close("aborted");
      other.arrive(`${four}w`);
    };
    one.arrive(`${four}abcd`);
    other.arrive("xyz");
    assertEquals(other.told.lines, ["head 200 4", "body w", "progress", "body xyz", "complete"]);
  });
});

describe("the hints of an HTTP/1.1 wire", () => {
  const hints = (values: readonly (string | undefined)[]) => {
    const on = wire();
    return values.map((value, at) => {
      const { stream, arrive } = sent(on);
      arrive(`${OK}${value === undefined ? "" : `Keep-Alive: ${value}\r\n`}\r\n`);
      const { remaining, ignored } = stream.hints(at + 1);
      return [remaining, ignored];
    });
  };

  it("count down when a response does not repeat the header", () => {
    const counted = [2, 1, 0].map((remaining) => [remaining, undefined]);
    assertEquals(hints(["max=3", undefined, undefined]), counted);
  });

  it("return a value that was not understood", () => {
    assertEquals(hints(["max=-1"]), [[undefined, "max=-1"]]);
  });
});

describe("the body of a request", () => {
  it("has bytes only, also at its end: text by itself is a request, which a transport may drop", () => {
    const kinds: string[] = [];
    const write = (head: string | Uint8Array): boolean => {
      kinds.push(typeof head === "string" ? head : `bytes ${JSON.stringify(textOf(head))}`);
      return true;
    };
    const socket = { ...new Recorder().socket, write };
    for (const trailers of ["", "X: \u00e4\r\n"]) new BodyWriter(socket, undefined).end(trailers);
    assertEquals(kinds, ['bytes "0\\r\\n\\r\\n"', 'bytes "0\\r\\nX: \u00e4\\r\\n\\r\\n"']);
  });
});
