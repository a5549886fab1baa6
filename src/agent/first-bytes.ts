/**
 * First bytes: where a response ends, as its first bytes tell. `node:http` does not tell, and bytes that come in one read with the end of
 * a response fail a request that is answered, if `node:http` takes them for the beginning of another one. Only a head in one piece that
 * announces a length is looked at; all others are left to `node:http`. Nothing is decided by this but which bytes belong to no response.
 */

const CR_LF_TWICE = [13, 10, 13, 10] as const;

/** The two ways in which servers write the names. */
const LENGTHS = ["\r\nContent-Length:", "\r\ncontent-length:"] as const;
const CODINGS = ["\r\nTransfer-Encoding:", "\r\ntransfer-encoding:"] as const;

/**
 * The length of a response with its head. `Infinity` unless it is certain.
 *
 * @param buffer Begins with the first byte after the request was written.
 */
export function announcedLength(buffer: Buffer, method: string): number {
  const headEnd = buffer.indexOf(SEPARATOR);
  if (headEnd < 0 || method === "CONNECT" || buffer[FIRST_DIGIT] === ONE) return Infinity;
  const bodyStart = headEnd + CR_LF_TWICE.length;
  if (positionOf(buffer, CODINGS, headEnd) >= 0) return Infinity;
  const at = positionOf(buffer, LENGTHS, headEnd);
  if (at < 0) return Infinity;
  const announced = numberAt(buffer, at + LENGTHS[0].length, headEnd);
  if (announced === undefined) return Infinity;
  const hasBody = method !== "HEAD" && !(buffer[FIRST_DIGIT] === THREE && isNotModified(buffer));
  return hasBody ? bodyStart + announced : bodyStart;
}

/** Whether this is an interim response and nothing else. */
export function isInterimAlone(buffer: Buffer): boolean {
  if (buffer[FIRST_DIGIT] !== ONE) return false;
  return buffer.indexOf(SEPARATOR) === buffer.length - CR_LF_TWICE.length;
}

const SEPARATOR = Buffer.from(CR_LF_TWICE);
/** Of the status, behind `HTTP/1.1 `. */
const FIRST_DIGIT = 9;
const ONE = 49;
const THREE = 51;

function isNotModified(head: Buffer): boolean {
  return head.toString("latin1", FIRST_DIGIT, FIRST_DIGIT + 3) === "304";
}

/** Where one of the names is within the head; negative if none is. */
function positionOf(buffer: Buffer, names: readonly [string, string], headEnd: number): number {
  for (const name of names) {
    const at = buffer.indexOf(name, 0, "latin1");
    if (at >= 0 && at < headEnd) return at;
  }
  return -1;
}

/** The digits in a line, as far as they are nothing else. */
function numberAt(buffer: Buffer, start: number, headEnd: number): number | undefined {
  let value = 0;
  let digits = 0;
  for (let at = start; at < headEnd; at++) {
    const byte = buffer[at] ?? 0;
    if (byte === 13) break;
    if (byte === 32 && digits === 0) continue;
    if (byte < 48 || byte > 57 || digits === 15) return undefined;
    value = value * 10 + byte - 48;
    digits += 1;
  }
  return digits === 0 ? undefined : value;
}
