/**
 * Secrets: whether a text that a peer wrote holds what we sent it to say who we are. Some proxies repeat in a refusal what
 * they refused.
 */

import { excerpt } from "./excerpt.ts";

/** Characters shown of a reason phrase. */
const REASON = 80;

/** A scheme of RFC 9110 §11.1 that people use, and what follows it. */
const SCHEME_AND_TOKEN = /\b(basic|bearer|digest|negotiate|ntlm)[ \t]+[^\s"]+/gi;

/** The start of what a peer wrote, without what looks like the value of an `Authorization`. */
export function peerExcerpt(text: string, most: number = REASON): string {
  return excerpt(text.slice(0, 4 * most).replace(SCHEME_AND_TOKEN, "$1 …"), most);
}

/** A proxy's reason as an error shows it: not at all if it holds the credentials that the proxy was given. */
export function proxyReason(reason: string, authorization: string | undefined): string {
  return holdsSecret(reason, authorization) ? "(its reason holds the credentials)" : peerExcerpt(reason);
}

/** Whether a text holds a `Proxy-Authorization` or the password in it, in any of their spellings. */
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

/** UTF-8, as the credentials of a URL are sent; else what it is. */
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
