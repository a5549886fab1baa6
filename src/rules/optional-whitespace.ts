/** Optional whitespace (OWS) of HTTP: spaces and tabs around a value (RFC 9110 §5.6.3). */

const SPACE = 32;
const TAB = 9;

/**
 * Removes spaces and tabs at both ends, in linear time.
 *
 * `trim()` would also remove characters that are not whitespace in HTTP, such as a no-break space. A regular expression
 * such as `/[ \t]+$/` takes quadratic time on long runs of blanks.
 */
export function trimWhitespace(text: string): string {
  let start = 0;
  let end = text.length;
  while (start < end && isBlank(text.charCodeAt(start))) start++;
  while (end > start && isBlank(text.charCodeAt(end - 1))) end--;
  return text.slice(start, end);
}

function isBlank(code: number): boolean {
  return code === SPACE || code === TAB;
}
