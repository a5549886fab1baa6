/** The interface between the rules and a server: what it tells about a request's connection, and what it can do. */

import type { Announcement } from "../rules/server-side.ts";

/** Servers that differ in what they let a middleware do. */
export type ServerKind = "node" | "bun" | "deno" | "workerd";

/**
 * What the rules achieve on a server.
 *
 * - `"enforced"`: the server closes connections as the rules say.
 * - `"advisory"`: the client is told, but the server does not close.
 * - `"none"`: there is no connection that can be identified (`app.request()`, a platform that shows none).
 */
export type Enforcement = "enforced" | "advisory" | "none";

/** The fields of a response that is about to be sent: a `Headers`, or those of a `ServerResponse`. */
export interface ResponseFields {
  get(name: string): string | null;
  set(name: string, value: string): void;
  delete(name: string): void;
}

/** The server's side of one request: its connection, and what can be done with it. */
export interface ServerAdapter {
  readonly server: ServerKind;
  readonly enforcement: Enforcement;
  /** Identifies the connection: the socket or HTTP/2 session where there is one, else address and port. */
  readonly key: object | string;
  /** 0 for HTTP/1.0. Servers that do not tell the version count as 1. */
  readonly minorVersion: number;
  /** Whether the connection ends with this response, whatever is decided here. */
  readonly willClose: boolean;
  /** Whether the server adds a `Keep-Alive` of its own to a response that has none and is not the last. */
  readonly addsKeepAlive: boolean;
  /**
   * Lifts the server's idle timeout while the request runs. `onDone` is called when the response was sent or given up,
   * on servers that show this.
   */
  requestStarted(onDone: () => void): void;
  /** Writes the announcement into the response's fields, in the way the server needs it. */
  writeAnnouncement(headers: ResponseFields, announcement: Announcement): void;
  /**
   * Only over HTTP/2, where it takes the place of `Connection: close`: asks the client for no more requests, and has the
   * server close the connection when all that came are answered. `isDone()` says whether they are.
   */
  goaway?(isDone: () => boolean): void;
  /** Only over HTTP/2: calls back when the connection has ended. */
  whenClosed?(listener: () => void): void;
  /** Has the server close the connection once it has been silent for `ms` after this response, if `isIdle()`. */
  closeWhenIdle(ms: number, isIdle: () => boolean): void;
}

/** Sets both fields exactly as announced, and deletes those that are not. */
export function setFields(headers: ResponseFields, { connection, keepAlive }: Announcement): void {
  if (connection === undefined) headers.delete("connection");
  else headers.set("connection", connection);
  if (keepAlive === undefined) headers.delete("keep-alive");
  else headers.set("keep-alive", keepAlive);
}
