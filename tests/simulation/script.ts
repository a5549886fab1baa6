/** Script: what a server does about one request, act by act, and the named ways in which it goes wrong. */

import type { Prng } from "../support/prng.ts";
import { payload } from "./payload.ts";
import type { Live, Reply } from "./reply.ts";

/** One thing that a server does, `afterMs` after the one before. */
export interface Act {
  readonly afterMs: number;
  readonly do:
    | "fin"
    | "rst"
    /** Stops reading and writing without telling anybody. */
    | "vanish"
    /** The response ends before the next act. */
    | "end"
    /** What follows is unsolicited. */
    | "stray"
    /** `surplus` follows the end of the response in the same packet. */
    | { readonly send: string; readonly surplus?: string };
}

/** Everything that a server does about one request. */
export interface Script {
  readonly acts: readonly Act[];
  /** Whether the request was executed before things went wrong. */
  readonly executes: boolean;
  /** Whether the client gets a malformed response. */
  readonly malformed: boolean;
  /** Whether the client must not reuse the connection, although the response is right. */
  readonly doubtful: boolean;
}

/** How a server spreads its bytes over time. */
export interface Spreading {
  /** One response in this many leaves in pieces. */
  readonly piecesOneIn: number;
  /** The longest time between two pieces. */
  readonly gapMs: number;
}

/** The bytes of a reply, in pieces. */
export function pieces(prng: Prng, text: string, { piecesOneIn, gapMs }: Spreading): Act[] {
  if (!prng.oneIn(piecesOneIn)) return [{ afterMs: 0, do: { send: text } }];
  const acts: Act[] = [];
  const byteByByte = text.length < 200 && prng.oneIn(4);
  for (let at = 0; at < text.length; ) {
    const size = byteByByte ? 1 : 1 + prng.below(prng.oneIn(2) ? 40 : text.length);
    acts.push({
      afterMs: at === 0 || prng.oneIn(2) ? 0 : prng.below(byteByByte ? Math.min(gapMs, 4) : gapMs),
      do: { send: text.slice(at, at + size) },
    });
    at += size;
  }
  return acts;
}

const SOUND = { executes: true, malformed: false, doubtful: false } as const;

/** A reply without faults. */
export function soundScript(prng: Prng, reply: Reply, spreading: Spreading): Script {
  const acts = pieces(prng, reply.head + reply.body, spreading);
  if (prng.oneIn(25)) acts.unshift({ afterMs: 0, do: { send: interim(prng) } });
  return { ...SOUND, acts: [...acts, { afterMs: 0, do: "end" }] };
}

/** Sends a body piece by piece. */
export function liveScript(id: number, { head }: Reply, { pieces: count, size, gapMs }: Live): Script {
  const text = payload(id, count * size);
  const acts: Act[] = [{ afterMs: 0, do: { send: head } }];
  for (let at = 0; at < count; at++) {
    const piece = text.slice(at * size, (at + 1) * size);
    acts.push({ afterMs: gapMs, do: { send: `${size.toString(16)}\r\n${piece}\r\n` } });
  }
  acts.push({ afterMs: gapMs, do: { send: "0\r\n\r\n" } }, { afterMs: 0, do: "end" });
  return { ...SOUND, acts };
}

/** A reply whose head arrives byte by byte. */
export function drippingScript(reply: Reply, gapMs: number): Script {
  const { head, body } = reply;
  const acts: Act[] = [];
  for (let at = 0; at < head.length; at += 4)
    acts.push({ afterMs: at === 0 ? 0 : gapMs, do: { send: head.slice(at, at + 4) } });
  // An empty write would not be delivered.
  if (body !== "") acts.push({ afterMs: 0, do: { send: body } });
  return { ...SOUND, acts: [...acts, { afterMs: 0, do: "end" }] };
}

/** Adds a complete unsolicited response, this long after the one of `script`. */
export function withSurplus(script: Script, afterMs: number): Script {
  return { ...script, acts: [...script.acts, ...stray(EVIL, afterMs)] };
}

function interim(prng: Prng): string {
  const one = prng.among("HTTP/1.1 103 Early Hints\r\nlink: </a>\r\n\r\n", "HTTP/1.1 102 Processing\r\n\r\n");
  return one.repeat(1 + prng.below(3));
}

/** Ways to go wrong, with their weights in the draw. */
export const FAULTS = {
  "fin instead of a response": 4,
  "rst instead of a response": 3,
  "fin in the middle": 4,
  "rst in the middle": 3,
  "malformed head": 3,
  "malformed chunk": 2,
  "framed twice": 2,
  "too many interim responses": 1,
  stalls: 2,
  "never answers": 1,
  crawls: 2,
  "surplus bytes": 4,
  "unsolicited response": 4,
  "stray bytes later": 4,
  "unsaid fin": 6,
  "unsaid rst": 3,
  "vanishes afterwards": 2,
} as const;

export type Fault = keyof typeof FAULTS;

/** The act `"end"` takes no time. */
function crawling(prng: Prng, act: Act): Act {
  return act.do === "end" ? act : { ...act, afterMs: act.afterMs + prng.below(4000) };
}

const MALFORMED: readonly ((head: string) => string)[] = [
  (head) => head.replace("x-len: ", "transfer-encoding: gzip, chunked\r\nx-len: "),
  (head) => head.replace("HTTP/1", "HTTP/2"),
  (head) => head.replace("x-id:", "x id:"),
  (head) => head.replace("\r\nx-len", "\nx-len"),
  (head) => head.replace("x-len: ", "content-length: 7\r\ncontent-length: 8\r\nx-len: "),
  (head) => `${head.slice(0, 12)}\0${head.slice(12)}`,
];

const EVIL = "HTTP/1.1 200 Evil\r\nx-id: 666\r\nx-len: 4\r\ncontent-length: 4\r\n\r\nevil";

/** A reply that goes wrong. */
export function faultyScript(prng: Prng, fault: Fault, reply: Reply, spreading: Spreading): Script {
  const whole = reply.head + reply.body;
  const send = (text: string) => pieces(prng, text, spreading);
  const cut = send(whole.slice(0, Math.max(1, prng.below(whole.length))));
  const sound: Act[] = [...send(whole), { afterMs: 0, do: "end" }];
  const soon = prng.among(0, 0, 5, 300, 4000);
  switch (fault) {
    case "fin instead of a response":
      return { ...SOUND, executes: prng.oneIn(2), acts: [{ afterMs: soon, do: "fin" }] };
    case "rst instead of a response":
      return { ...SOUND, executes: prng.oneIn(2), acts: [{ afterMs: soon, do: "rst" }] };
    case "fin in the middle":
      return { ...SOUND, acts: [...cut, { afterMs: soon, do: "fin" }] };
    case "rst in the middle":
      return { ...SOUND, acts: [...cut, { afterMs: soon, do: "rst" }] };
    case "malformed head": {
      // Without a body, a transfer coding has no effect.
      const spoilers = reply.framing === "none" ? MALFORMED.slice(1) : MALFORMED;
      const spoil = prng.pick(spoilers) ?? String;
      return { ...SOUND, malformed: true, acts: [...send(spoil(reply.head) + reply.body)] };
    }
    case "malformed chunk": {
      if (reply.framing !== "chunked") return { ...SOUND, acts: [...cut, { afterMs: soon, do: "rst" }] };
      return { ...SOUND, malformed: true, acts: send(`${reply.head}1;x\r\nab\r\n0\r\n\r\n`) };
    }
    case "framed twice":
      return framedTwice(reply, sound, send);
    case "too many interim responses":
      return { ...SOUND, malformed: true, acts: send("HTTP/1.1 103 Again\r\n\r\n".repeat(3000) + whole) };
    case "surplus bytes":
      return { ...SOUND, acts: surplus(prng, reply, sound) };
    default:
      return afterwards(prng, fault, { cut, sound, soon });
  }
}

/**
 * `Transfer-Encoding` and `Content-Length` together: the first frames the body, and the connection must not be reused
 * (RFC 9112 §6.1).
 */
function framedTwice(reply: Reply, sound: Act[], send: (text: string) => Act[]): Script {
  if (reply.framing !== "chunked") return { ...SOUND, acts: sound };
  const head = reply.head.replace("x-len", "content-length: 3\r\nx-len");
  return { ...SOUND, doubtful: true, acts: [...send(head + reply.body), { afterMs: 0, do: "end" }] };
}

/** Surplus bytes behind the response, in the same packet or in the next. */
function surplus(prng: Prng, reply: Reply, sound: Act[]): Act[] {
  const text = prng.among("X", "\r\n", EVIL);
  if (reply.last || prng.oneIn(2)) return [...sound, ...stray(text, 0)];
  return [{ afterMs: 0, do: { send: reply.head + reply.body, surplus: text } }];
}

function stray(text: string, afterMs: number): Act[] {
  return [
    { afterMs, do: "stray" },
    { afterMs: 0, do: { send: text } },
  ];
}

interface Parts {
  readonly cut: Act[];
  readonly sound: Act[];
  readonly soon: number;
}

function afterwards(prng: Prng, fault: Fault, { cut, sound, soon }: Parts): Script {
  switch (fault) {
    case "stalls":
      return { ...SOUND, acts: [...cut, { afterMs: 0, do: "vanish" }] };
    case "never answers":
      return { ...SOUND, executes: prng.oneIn(2), acts: [{ afterMs: 0, do: "vanish" }] };
    case "crawls":
      return { ...SOUND, acts: sound.map((act) => crawling(prng, act)) };
    case "unsolicited response":
      return { ...SOUND, acts: [...sound, ...stray(EVIL, prng.among(0, 1, 20, 900, 5000))] };
    case "stray bytes later":
      return { ...SOUND, acts: [...sound, ...stray(prng.among("X", "0\r\n\r\n", "\r\n"), soon)] };
    case "unsaid fin":
      return { ...SOUND, acts: [...sound, { afterMs: soon, do: "fin" }] };
    case "unsaid rst":
      return { ...SOUND, acts: [...sound, { afterMs: soon, do: "rst" }] };
    default:
      return { ...SOUND, acts: [...sound, { afterMs: soon, do: "vanish" }] };
  }
}
