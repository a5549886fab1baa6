/** Status line: the first line of a response (RFC 9112 §4). */

import { FIELD } from "../syntax.ts";
import { remoteFault } from "./fault.ts";

const SPACE = 32;
const ZERO = 48;

/** `HTTP/1.x SP status [SP reason]`. Many servers leave out the space before an empty reason; so may this one. */
export function readStatusLine(bytes: Uint8Array, start: number, end: number): number {
  if (end - start < 12 || !isHttp(bytes, start)) {
    throw remoteFault("bad-status-line", "The response does not start with an HTTP status line");
  }
  const minor = (bytes[start + 7] as number) - ZERO;
  if (bytes[start + 5] !== ZERO + 1 || bytes[start + 6] !== 46 || minor < 0 || minor > 9) {
    throw remoteFault("bad-version", "The response is not HTTP/1.x");
  }
  let status = 0;
  for (let at = start + 9; at < start + 12; at++) {
    const digit = (bytes[at] as number) - ZERO;
    if (digit < 0 || digit > 9)
      throw remoteFault("bad-status-line", "The status is not a number of three digits");
    status = status * 10 + digit;
  }
  if (bytes[start + 8] !== SPACE || status < 100 || (end > start + 12 && bytes[start + 12] !== SPACE)) {
    throw remoteFault("bad-status-line", "The status line is malformed");
  }
  for (let at = start + 12; at < end; at++) {
    if (FIELD[bytes[at] as number] === 0)
      throw remoteFault("bad-status-line", "The reason holds a control character");
  }
  return status;
}

/** Whether `HTTP/` stands at `start`: the one name that is case-sensitive (RFC 9112 §2.3). */
function isHttp(bytes: Uint8Array, start: number): boolean {
  return (
    bytes[start] === 72 &&
    bytes[start + 1] === 84 &&
    bytes[start + 2] === 84 &&
    bytes[start + 3] === 80 &&
    bytes[start + 4] === 47
  );
}
