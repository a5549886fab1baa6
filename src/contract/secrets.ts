/**
 * Secrets: keeps credentials that we sent to a peer out of errors. Some proxies repeat the refused credentials in their
 * response.
 */

import { excerpt } from "./excerpt.ts";

/** Characters shown of a reason phrase. */
const REASON = 80;

/** A common authentication scheme (RFC 9110 §11.1) and the token that follows it. */
const SCHEME_AND_TOKEN = /\b(basic|bearer|digest|negotiate|ntlm)[ \t]+[^\s"]+/gi;

/** The start of a peer's text, without anything that looks like an `Authorization` value. */
export function peerExcerpt(text: string, most: number = REASON): string {
  return excerpt(text.slice(0, 4 * most).replace(SCHEME_AND_TOKEN, "$1 …"), most);
}

/** A proxy's reason phrase as an error shows it. It is left out if it contains the credentials sent to the proxy. */
export function proxyReason(reason: string, authorization: string | undefined): string {
  return holdsSecret(reason, authorization) ? "(its reason contains the credentials)" : peerExcerpt(reason);
}

/** Whether a text contains a `Proxy-Authorization` value or its password, in any encoding. */
function holdsSecret(text: string, authorization: string | undefined): boolean {
  if (authorization === undefined) return false;
  const lower = text.toLowerCase();
  return spellings(authorization).some((secret) => secret !== "" && lower.includes(secret.toLowerCase()));
}

function spellings(authorization: string): string[] {
  const token = authorization.slice(authorization.lastIndexOf(" ") + 1).replace(/={0,2}$/, "");
  const decoded = /^basic /i.test(authorization) ? fromBase64(token) : undefined;
  if (decoded === undefined) return [authorization, token];
  const password = decoded.slice(decoded.indexOf(":") + 1);
  return [token, password, escaped(password), btoa(latin1(password)).replace(/={0,2}$/, "")];
}

/** Decodes base64 and UTF-8, the encoding in which the credentials of a URL are sent. `undefined` if it is malformed. */
function fromBase64(token: string): string | undefined {
  try {
    const bytes = Uint8Array.from(atob(token), (character) => character.charCodeAt(0));
    return new TextDecoder().decode(bytes);
  } catch {
    return undefined;
  }
}

function latin1(text: string): string {
  return Array.from(new TextEncoder().encode(text), (byte) => String.fromCharCode(byte)).join("");
}

function escaped(text: string): string {
  try {
    return encodeURIComponent(text);
  } catch {
    return text;
  }
}
