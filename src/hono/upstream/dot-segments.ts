/**
 * Dot segments: what a path must not hold where it chooses a route here and is read again behind. Servers differ:
 * @hono/node-server and Bun.serve have them resolved before the application sees a path, Deno.serve hands them on, and
 * many upstreams resolve them, some in spellings that no standard knows.
 */

/** A segment that is a step, whatever parameters follow it: `/..;a=b/` is one to Tomcat. */
const STEP = /^\.{1,2}(?:;.*)?$/;

/**
 * Whether the path of a URL, or a path alone, has a segment `.` or `..`, in any spelling: dots and slashes may be
 * percent-encoded, a backslash counts as a slash, as in the URL standard. What follows `?` or `#` is not looked at.
 *
 * @example
 * ```ts
 * // Before anything that guards by path: "/public/../admin" is not below "/admin/*" here, and is behind.
 * app.use(async (c, next) => {
 *   if (hasDotSegments(c.req.raw.url)) return c.text("Bad Request\n", 400);
 *   return await next();
 * });
 * ```
 */
export function hasDotSegments(url: string): boolean {
  const start = url.indexOf("://");
  const path = url.slice(start < 0 ? 0 : start + 3).split(/[?#]/, 1)[0] ?? "";
  // Nearly all have no dot that follows a slash, or is written in another way.
  if (!/[\\/]\.|%2e|%2f|%5c/i.test(path) && !path.startsWith(".")) return false;
  const plain = path.replace(/%2e/gi, ".").replace(/%2f|%5c|\\/gi, "/");
  return plain.split("/").some((segment) => STEP.test(segment));
}
