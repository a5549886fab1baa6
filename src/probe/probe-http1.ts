/** HTTP/1.1 of a probe. It writes one request at a time and reads its answer, whatever the rules of the pool would say. */

import { ProtocolError } from "../contract/errors.ts";
import { portableText } from "../contract/text.ts";
import type { ResponseHead, ResponseSink } from "../contract/wire.ts";
import { headFields } from "../http1/parse/fields.ts";
import { announcedEnd, framingEnd } from "../http1/parse/framing.ts";
import { ResponseParser } from "../http1/parse/response-parser.ts";
import { resolveOptions } from "../options/resolve.ts";
import {
  type ProbePeer,
  type ProbeProtocol,
  type ProbeRequest,
  type ProtocolOwner,
  USER_AGENT,
} from "./probe-protocol.ts";

/** What is kept of bytes that nobody asked for. */
const SAID_LENGTH = 200;

/** HTTP/1.1, and 1.0 where a request wants it. */
export class ProbeHttp1 implements ProbeProtocol, ResponseSink {
  readonly #owner: ProtocolOwner;
  readonly #peer: ProbePeer;
  readonly #parser: ResponseParser;
  #said = "";

  constructor(owner: ProtocolOwner, peer: ProbePeer) {
    this.#owner = owner;
    this.#peer = peer;
    this.#parser = new ResponseParser(resolveOptions({}).limits, peer.transport.text ?? portableText);
  }

  opened(): void {}

  /** HTTP/1.1 has none. */
  ping(): void {
    this.#owner.faulty("HTTP/1.1 has no PING");
  }

  request({ method, minorVersion = 1, connection }: ProbeRequest): void {
    this.#parser.begin(method, this);
    const lines = [
      `${method} ${this.#peer.path} HTTP/1.${minorVersion}`,
      `Host: ${this.#peer.origin.host}`,
      `User-Agent: ${USER_AGENT}`,
      "Accept: */*",
      ...(connection === undefined ? [] : [`Connection: ${connection}`]),
    ];
    this.#owner.write(`${lines.join("\r\n")}\r\n\r\n`);
  }

  receive(bytes: Uint8Array, length: number): void {
    if (!this.#owner.awaits) {
      const { latin1 } = this.#peer.transport.text ?? portableText;
      this.#said = (this.#said + latin1(bytes, 0, Math.min(length, SAID_LENGTH))).slice(0, SAID_LENGTH);
      return this.#owner.said(this.#said.split("\r\n", 1)[0] ?? "");
    }
    try {
      this.#parser.feed(bytes, 0, length);
    } catch (error) {
      if (!(error instanceof ProtocolError)) throw error;
      return this.#owner.faulty(error.message);
    }
    if (this.#parser.complete) this.#answered();
  }

  #answered(): void {
    const { head, framing } = this.#parser;
    if (head === undefined || framing === undefined) return;
    const fields = headFields(head.text);
    this.#owner.answered({
      status: head.status,
      httpVersion: head.minorVersion === 0 ? "1.0" : "1.1",
      keepAlive: head.keepAlive,
      field: (name) => fields.get(name) ?? undefined,
      persists: framingEnd(head, framing) === undefined && announcedEnd(head) === undefined,
    });
  }

  /** A body without a length ends with its connection (RFC 9112 §6.3). */
  closed(): void {
    if (this.#owner.awaits && this.#parser.framing?.kind === "close") this.#answered();
  }

  interim(_head: ResponseHead): void {}
  head(_head: ResponseHead, _length: number | undefined): void {}
  body(_bytes: Uint8Array, _start: number, _end: number): void {}
}
