/** Blanks: the optional whitespace of HTTP (RFC 9110 §5.6.3), taken off in one look at each end. */

const SPACE = 32;
const TAB = 9;

/**
 * Without spaces and tabs around it: a no-break space, which `trim()` takes too, is no whitespace to HTTP. Not by an
 * expression: `/[ \t]+$/` looks at every run of blanks once per blank in it.
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
