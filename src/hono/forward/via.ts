/** Via: names the gateways that a message has passed, which is how a gateway finds a loop to itself (RFC 9110 §7.6.3). */

import { ClientRequestError } from "../upstream/client-errors.ts";

let ownName: string | undefined;

/**
 * The name of a gateway that was given none: one for each process, because gateways of one name that forward to each
 * other would look like a loop.
 */
export function defaultName(): string {
  if (ownName === undefined) {
    const [random = 0] = crypto.getRandomValues(new Uint32Array(1));
    ownName = `holdfast-${random.toString(36)}`;
  }
  return ownName;
}

/** Whether a gateway of this name has forwarded the message already. */
export function hasPassed(via: string, name: string): boolean {
  const wanted = name.toLowerCase();
  return via.split(",").some((member) => {
    // received-protocol RWS received-by [ RWS comment ]
    const [, by] = member.trim().split(/[ \t]+/, 2);
    return by?.toLowerCase() === wanted;
  });
}

/** The gateway has forwarded the request before: its upstream led back to it (RFC 5842 §7.2: 508). */
export class LoopError extends ClientRequestError {
  constructor(name: string) {
    super(508, `the gateway ${name} has passed it on already (Via)`);
  }
}
