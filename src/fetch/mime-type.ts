/** MIME types: reads and writes them as MIME Sniffing §4.4 and §4.5 say. One pass, whatever the text. */

import { TOKEN } from "../http1/syntax.ts";

/** The text as a MIME type in its normal form, or `undefined` if it is none. */
export function normalMimeType(text: string): string | undefined {
  const trimmed = text.slice(skipSpace(text, 0), endWithoutSpace(text, text.length));
  const slash = trimmed.indexOf("/");
  const semicolon = indexOrEnd(trimmed, ";", 0);
  if (slash < 0 || slash > semicolon) return undefined;
  const type = trimmed.slice(0, slash);
  const subtype = trimmed.slice(slash + 1, endWithoutSpace(trimmed, semicolon));
  if (!isToken(type) || !isToken(subtype)) return undefined;
  let written = `${type}/${subtype}`.toLowerCase();
  for (const [name, value] of parameters(trimmed, semicolon)) written += `;${name}=${writtenValue(value)}`;
  return written;
}

/** The parameters that are well-formed, each name once. */
function parameters(text: string, from: number): ReadonlyMap<string, string> {
  const found = new Map<string, string>();
  for (let at = from; at < text.length; ) {
    const start = skipSpace(text, at + 1);
    const end = indexOrEnd(text, ";", start);
    const equals = indexOrEnd(text, "=", start);
    at = end;
    if (equals >= end) continue;
    const quoted = text[equals + 1] === '"' ? readQuoted(text, equals + 2) : undefined;
    if (quoted !== undefined) at = indexOrEnd(text, ";", quoted.end);
    const value = quoted?.value ?? text.slice(equals + 1, endWithoutSpace(text, end));
    const name = text.slice(start, equals).toLowerCase();
    const valid = isToken(name) && isQuotable(value) && (value !== "" || quoted !== undefined);
    if (valid && !found.has(name)) found.set(name, value);
  }
  return found;
}

/** The rest of a quoted string (Fetch §2.2), which may lack its end, and where it ends. */
function readQuoted(text: string, from: number): { value: string; end: number } {
  let value = "";
  let at = from;
  while (at < text.length && text[at] !== '"') {
    const escaped = text[at] === "\\" && at + 1 < text.length;
    if (escaped) at++;
    value += text[at];
    at++;
  }
  return { value, end: at + 1 };
}

function writtenValue(value: string): string {
  return isToken(value) ? value : `"${value.replaceAll("\\", "\\\\").replaceAll('"', '\\"')}"`;
}

function isToken(text: string): boolean {
  for (let at = 0; at < text.length; at++) if (TOKEN[text.charCodeAt(at)] !== 1) return false;
  return text !== "";
}

/** Whether a quoted string may contain the characters (HTTP quoted-string token code points). */
function isQuotable(text: string): boolean {
  for (let at = 0; at < text.length; at++) {
    const code = text.charCodeAt(at);
    if (code !== 9 && (code < 32 || code === 127 || code > 255)) return false;
  }
  return true;
}

function indexOrEnd(text: string, character: string, from: number): number {
  const found = text.indexOf(character, from);
  return found < 0 ? text.length : found;
}

function skipSpace(text: string, from: number): number {
  let at = from;
  while (at < text.length && isSpace(text.charCodeAt(at))) at++;
  return at;
}

function endWithoutSpace(text: string, end: number): number {
  let at = end;
  while (at > 0 && isSpace(text.charCodeAt(at - 1))) at--;
  return at;
}

/** HTTP white space (Fetch §2.2). */
function isSpace(code: number): boolean {
  return code === 32 || code === 9 || code === 10 || code === 13;
}
