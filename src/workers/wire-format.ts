/**
 * Wire format: what a Worker and its object tell one another beside the request and the response of the platform, in one field
 * each. What the platform carries unchanged is left to it: a GET without fields is told in one letter.
 */

import type { ConnectionInfo } from "../contract/errors.ts";
import type { Wire } from "../contract/wire.ts";
import { connectionInfo, type Lease } from "../pool/connection.ts";
import type { RemoteError } from "./remote-error.ts";

/** The field of a request to the object. */
export const CALL_FIELD = "holdfast-call";

/** The field of the object's answer. An answer without it is not from a `poolObject()`. */
export const ANSWER_FIELD = "holdfast-answer";

/** Names and values, in order. */
export type Pairs = readonly (readonly [name: string, value: string])[];

/** What the caller asks the object for. */
export interface RemoteCall {
  /** Which function of the pool. */
  readonly by: "fetch" | "request";
  /** The number of the request, by which it is aborted; without it, it is not. */
  readonly id?: string | undefined;
  /** The fields, which the platform would add to. @default none */
  readonly headers?: Pairs | undefined;
  /** Of the body, where it is known. */
  readonly length?: number | undefined;
  /** Options of `request` that JSON can hold. Off is written as `"off"`. @default none */
  readonly options?: Readonly<Record<string, unknown>> | undefined;
}

/** How a call by each function begins in its field. */
const LETTERS = { fetch: "f", request: "r" } as const;

/** The field of a bare GET by `fetch`. */
export const BARE_FETCH: string = LETTERS.fetch;

/** The call as the value of its field: a letter, and JSON of what is not the default. */
export function callField({ by, id, headers, length, options }: RemoteCall): string {
  const bare = id === undefined && headers === undefined && length === undefined && options === undefined;
  return bare ? LETTERS[by] : LETTERS[by] + asciiJson({ id, headers, length, options });
}

/** The call again. */
export function callFrom(field: string): RemoteCall {
  const by = field.startsWith(LETTERS.fetch) ? "fetch" : "request";
  return field.length === 1 ? { by } : { ...(JSON.parse(field.slice(1)) as Omit<RemoteCall, "by">), by };
}

/** The facts of a connection: the caller knows the origin, and the platform tells hardly any of the others. */
export type RemoteConnection = readonly [
  id: number,
  requestNumber: number,
  ageMs: number,
  idleMs: number,
  protocol: ConnectionInfo["protocol"],
  others?: Partial<ConnectionInfo>,
];

/** What the response of the platform does not say. */
export interface RemoteHead {
  readonly connection?: RemoteConnection | undefined;
  /** @default 0 */
  readonly resendCount?: number | undefined;
  /** A status that no `Response` may have. */
  readonly status?: number | undefined;
  readonly statusText?: string | undefined;
  /** The fields, where the platform would change them or the body. */
  readonly headers?: Pairs | undefined;
  /** The number of the body; without it, the body had arrived whole and cannot fail any more. */
  readonly body?: string | undefined;
  /** Those of a body that had arrived; `"later"` where they may follow, and are asked for by number. */
  readonly trailers?: Pairs | "later" | undefined;
}

/** The object's answer: a head, or an error in its place. */
export interface RemoteAnswer extends RemoteHead {
  readonly error?: RemoteError | undefined;
}

/** How a request ended, for those who ask by number. */
export interface RemoteOutcome {
  readonly error?: RemoteError | undefined;
  readonly trailers?: Pairs | undefined;
}

/**
 * The answer with nothing but the connection of a body that has arrived whole: JSON of a list. The caller parses it only if it is
 * asked for the connection.
 */
export function shortAnswer(lease: Lease<Wire>): string {
  const { connection, requestNumber, idleMs, grantedAt } = lease;
  const { record, socket, via, wire } = connection;
  const others = via ?? socket?.remoteAddress ?? socket?.localAddress ?? socket?.tls;
  if (others !== undefined) return asciiJson({ connection: toldConnection(connectionInfo(lease)) });
  return `[${record.id},${requestNumber},${grantedAt - record.openedAt},${idleMs},"${wire.protocol}"]`;
}

/** An answer as the value of its field. */
export function answerFrom(field: string): RemoteAnswer {
  return field.startsWith("[") ? new ShortAnswer(field) : JSON.parse(field);
}

class ShortAnswer implements RemoteAnswer {
  readonly #field: string;

  constructor(field: string) {
    this.#field = field;
  }

  get connection(): RemoteConnection {
    return JSON.parse(this.#field);
  }
}

/** What is told of a connection. */
export function toldConnection(info: ConnectionInfo): RemoteConnection {
  const { id, origin: _, reused: __, requestNumber, ageMs, idleMs, protocol, ...others } = info;
  const facts = [id, requestNumber, ageMs, idleMs, protocol] as const;
  const known = Object.values(others).some((value) => value !== undefined);
  return known ? [...facts, others] : facts;
}

/** The connection again. */
export function connectionFrom(told: RemoteConnection, origin: string): ConnectionInfo {
  const [id, requestNumber, ageMs, idleMs, protocol, others] = told;
  const unknown = {
    remoteAddress: undefined,
    remotePort: undefined,
    localAddress: undefined,
    localPort: undefined,
  };
  const reused = requestNumber > 1;
  return { id, origin, protocol, reused, requestNumber, ageMs, idleMs, ...unknown, ...others };
}

/** JSON of ASCII alone, as in the value of a field. */
export function asciiJson(value: unknown): string {
  const text = JSON.stringify(value);
  let ascii = "";
  let copied = 0;
  for (let at = 0; at < text.length; at++) {
    const code = text.charCodeAt(at);
    if (code < 0x7f) continue;
    ascii += `${text.slice(copied, at)}\\u${code.toString(16).padStart(4, "0")}`;
    copied = at + 1;
  }
  return copied === 0 ? text : ascii + text.slice(copied);
}

/** Options in a form that JSON can hold, those within `holdfast` too: it has no `Infinity`. */
export function plainOptions(options: object): Readonly<Record<string, unknown>> {
  return mapped(options, (value) => (value === Infinity ? "off" : value));
}

/** The options again. */
export function restoredOptions(options: object): Readonly<Record<string, unknown>> {
  return mapped(options, (value) => (value === "off" ? Infinity : value));
}

function mapped(options: object, map: (value: unknown) => unknown): Readonly<Record<string, unknown>> {
  const entries = Object.entries(options).map(([name, value]) => [
    name,
    typeof value === "object" && value !== null ? mapped(value, map) : map(value),
  ]);
  return Object.fromEntries(entries);
}
