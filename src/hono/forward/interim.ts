/**
 * Interim responses: the upstream's 102, 103 and other 1xx, passed on as far as the server of this gateway can send them
 * (RFC 9110 §15.2). Of the servers only `node:http` can, on Node, Deno and Bun. 100 is the server's own answer to `Expect`.
 */

import type { InterimListener } from "../../exchange/message.ts";
import { type Fields, headFields } from "../../http1/parse/fields.ts";
import { fieldsNamedBy, isHopByHop } from "../upstream/hop-by-hop.ts";
import type { NodeOutgoing } from "../upstream/server-bindings.ts";
import type { ClientSide } from "./client-side.ts";

/** The response of `node:http`, on a server that can send interim responses. */
type InterimOutgoing = NodeOutgoing & Required<Pick<NodeOutgoing, "writeEarlyHints">>;

/** The listener that passes interim responses on; `undefined` where the server cannot, or HTTP/1.0 does not know them. */
export function interimListener({ outgoing, version }: ClientSide): InterimListener | undefined {
  if (typeof outgoing?.writeEarlyHints !== "function" || version === "1.0") return undefined;
  return new InterimPasser(outgoing as InterimOutgoing);
}

class InterimPasser implements InterimListener {
  readonly #outgoing: InterimOutgoing;

  constructor(outgoing: InterimOutgoing) {
    this.#outgoing = outgoing;
  }

  interim({ status, text }: { readonly status: number; readonly text: string }): void {
    const outgoing = this.#outgoing;
    if (outgoing.headersSent === true || outgoing.destroyed === true) return;
    const fields = passable(headFields(text));
    try {
      // Node 24.18 and Bun 1.4 have it. Over HTTP/2 Node has only the others.
      if (outgoing.writeInformation !== undefined) outgoing.writeInformation(status, fields);
      else if (status === 102) outgoing.writeProcessing?.();
      else if (status === 103) outgoing.writeEarlyHints({ ...fields, link: links(fields.link ?? "") });
    } catch {
      // Node takes fewer values of `Link` than RFC 8288 §3 allows. A hint may be left out (RFC 8297 §2).
    }
  }
}

/** The fields of the next hop, as a record. Cookies cannot be joined, and are left to the final response. */
function passable(fields: Fields): Record<string, string> {
  const named = fieldsNamedBy(fields.get("connection"));
  const record: Record<string, string> = Object.create(null);
  for (const [name, value] of fields) {
    if (isHopByHop(name) || named.includes(name) || NOT_INTERIM.has(name)) continue;
    const before = record[name];
    record[name] = before === undefined ? value : `${before}, ${value}`;
  }
  return record;
}

const NOT_INTERIM: ReadonlySet<string> = new Set(["content-length", "set-cookie"]);

/** The members of `Link`, each of which Node takes by itself. A comma in `<…>` or in quotes separates nothing. */
function links(value: string): string[] {
  const members: string[] = [];
  let start = 0;
  let until = "";
  for (let at = 0; at < value.length; at++) {
    const character = value[at] as string;
    if (until !== "") {
      if (character === until) until = "";
    } else if (character === "<") until = ">";
    else if (character === '"') until = '"';
    else if (character === ",") {
      members.push(value.slice(start, at).trim());
      start = at + 1;
    }
  }
  members.push(value.slice(start).trim());
  return members.filter((member) => member !== "");
}
