/** Upgrade fields: what of a client's fields goes on with an upgrade, and what the gateway adds. */

import type { Fields } from "../../http1/parse/fields.ts";
import { type FieldPlan, outgoingFields } from "../forward/outgoing-fields.ts";
import { ClientRequestError } from "../upstream/client-errors.ts";
import { dropHopByHop, isHopByHop } from "../upstream/hop-by-hop.ts";

/**
 * What of a client's fields goes on, as with `forward()`.
 *
 * @throws {ClientRequestError} for a body, for two hosts, and for a loop (RFC 9110 §7.6.3).
 */
export function outgoingUpgradeFields(headers: Headers, plan: FieldPlan): Headers {
  const length = headers.get("content-length");
  if ((length !== null && Number(length) !== 0) || headers.has("transfer-encoding"))
    throw new ClientRequestError(400, "it asks for an upgrade and has a body");
  const received = new Headers(headers);
  dropHopByHop(received);
  received.delete("content-length");
  received.delete("expect");
  return new Headers(outgoingFields(received, plan).fields);
}

/** The head of an answer as it is written to the client. `connection`: its value of `Connection`. */
export function answerHead(status: number, statusText: string, fields: Fields, connection: string): string {
  let head = `HTTP/1.1 ${status} ${statusText}\r\nconnection: ${connection}\r\n`;
  for (const [name, value] of fields) {
    if (!isHopByHop(name) || (status === 101 && name.toLowerCase() === "upgrade"))
      head += `${name}: ${value}\r\n`;
  }
  return `${head}\r\n`;
}

/** Whether a 101 switches to a protocol that was asked for. */
export function isAsked(protocol: string, asked: string): boolean {
  const wanted = asked.split(",").map((one) => one.trim().toLowerCase());
  return protocol.split(",").every((one) => wanted.includes(one.trim().toLowerCase()));
}
