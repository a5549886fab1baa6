/** Inbound: what a server tells of the connection a request came on, and what it lets a middleware do with it. */

import type { Announcement } from "../../rules/announce.ts";

/** Servers that differ in what they let a middleware do. */
export type ServerKind = "node" | "bun" | "deno" | "workerd";

/**
 * What becomes of the rules.
 *
 * - `"enforced"`: the server closes when a rule says so;
 * - `"advisory"`: the client is told, and may do as it likes;
 * - `"none"`: there is no connection of HTTP/1 (HTTP/2, `app.request()`, a platform that shows none).
 */
export type Enforcement = "enforced" | "advisory" | "none";

/** One request's connection. */
export interface ServerAdapter {
  readonly server: ServerKind;
  readonly enforcement: Enforcement;
  /** The connection itself: a socket where there is one, else its address and port. */
  readonly key: object | string;
  /** 0 for HTTP/1.0. Servers that do not tell are taken for 1. */
  readonly minorVersion: number;
  /** Whether this response is the connection's last, whatever is decided here: the server says so, or is closing. */
  readonly ending: boolean;
  /** Whether the server adds a `Keep-Alive` of its own to a response that has none and is not the last. */
  readonly announcesItself: boolean;
  /** The request starts: no idle timeout of the server may end it. `onDone` is called when its response was sent or given up, where the server shows that. */
  begin(onDone: () => void): void;
  /** Writes the announcement into the response's fields, in the way the server needs it. */
  write(headers: Headers, announcement: Announcement): void;
  /** Has the server close the connection when it has been silent for `ms` after this response, if `isIdle`. */
  closeAfter(ms: number, isIdle: () => boolean): void;
}

/** Writes the fields as they are. */
export function writeFields(headers: Headers, { connection, keepAlive }: Announcement): void {
  if (connection === undefined) headers.delete("connection");
  else headers.set("connection", connection);
  if (keepAlive === undefined) headers.delete("keep-alive");
  else headers.set("keep-alive", keepAlive);
}
