/**
 * First bytes: where a response ends, as its first bytes tell. `node:http` does not tell, and bytes that come in one read with the end of
 * a response fail a request that is answered, if `node:http` takes them for the beginning of another one. Only a head in one piece that
 * announces a length is looked at; all others are left to `node:http`. Nothing is decided by this but which bytes belong to no response.
 */

/**
 * The length of a response with its head. `Infinity` unless it is certain.
 *
 * @param buffer Begins with the first byte after the request was written.
 */
export function announcedLength(buffer: Buffer, method: string): number {
  if (method === "CONNECT" || buffer[FIRST_DIGIT] === ONE) return Infinity;
  let announced: number | undefined;
  let at = lineBehind(buffer, 0);
  for (; at < buffer.length && buffer[at] !== CR; at = lineBehind(buffer, at)) {
    if (isNamed(buffer, at, CODING)) return Infinity;
    if (announced !== undefined || !isNamed(buffer, at, LENGTH)) continue;
    announced = numberAt(buffer, at + LENGTH.length);
    if (announced === undefined) return Infinity;
  }
  if (announced === undefined || buffer[at + 1] !== LF) return Infinity;
  return at + 2 + (hasBody(buffer, method) ? announced : 0);
}

/** Whether this is an interim response and nothing else. */
export function isInterimAlone(buffer: Buffer): boolean {
  if (buffer[FIRST_DIGIT] !== ONE) return false;
  return buffer.indexOf(SEPARATOR) === buffer.length - SEPARATOR.length;
}

const SEPARATOR = Buffer.from("\r\n\r\n");
const CODING = "transfer-encoding:";
const LENGTH = "content-length:";
/** Of the status, behind `HTTP/1.1 `. */
const FIRST_DIGIT = 9;
const ONE = 49;
const THREE = 51;
const CR = 13;
const LF = 10;
/** By which capital letters differ from small ones. */
const SMALL = 32;

function hasBody(head: Buffer, method: string): boolean {
  if (method === "HEAD") return false;
  return head[FIRST_DIGIT] !== THREE || head.toString("latin1", FIRST_DIGIT, FIRST_DIGIT + 3) !== "304";
}

/** Where the next line begins. A call of `indexOf` costs as much as to look at a hundred bytes (Node 24). */
function lineBehind(buffer: Buffer, start: number): number {
  let at = start;
  while (at < buffer.length && buffer[at] !== LF) at += 1;
  return at + 1;
}

/** Whether a line begins with a name, in any case of its letters. */
function isNamed(buffer: Buffer, start: number, name: string): boolean {
  for (let at = 0; at < name.length; at++)
    if (((buffer[start + at] ?? 0) | SMALL) !== name.charCodeAt(at)) return false;
  return true;
}

/** The digits in a line, as far as they are nothing else. */
function numberAt(buffer: Buffer, start: number): number | undefined {
  let value = 0;
  let digits = 0;
  for (let at = start; at < buffer.length; at++) {
    const byte = buffer[at] ?? 0;
    if (byte === CR) break;
    if (byte === 32 && digits === 0) continue;
    if (byte < 48 || byte > 57 || digits === 15) return undefined;
    value = value * 10 + byte - 48;
    digits += 1;
  }
  return digits === 0 ? undefined : value;
}
