/**
 * Finds dot segments (`.` and `..`) in paths. A gateway routes by a path that the upstream reads again, so both must
 * read the same. @hono/node-server and Bun.serve resolve dot segments before the application sees the path. Deno.serve
 * passes them on. Many upstreams resolve them, some in spellings that no standard defines.
 */

/** A dot segment, with or without parameters: Tomcat reads `/..;a=b/` as `/../`. */
const DOT_SEGMENT = /^\.{1,2}(?:;.*)?$/;

const SCHEME = /^[a-z][a-z\d+.-]*:\/\//i;

/**
 * Whether the path of a URL, or a path alone, has a segment `.` or `..`, in any spelling. Dots and slashes may be
 * percent-encoded. A backslash counts as a slash, as in the URL standard. The query and the fragment are ignored.
 *
 * @example
 * ```ts
 * // Before any check by path: "/public/../admin" does not match "/admin/*" here, but is "/admin" to the upstream.
 * app.use(async (c, next) => {
 *   if (hasDotSegments(c.req.raw.url)) return c.text("Bad Request\n", 400);
 *   return await next();
 * });
 * ```
 */
export function hasDotSegments(url: string): boolean {
  // A path may hold "://" itself.
  const start = SCHEME.exec(url)?.[0].length ?? 0;
  const path = url.slice(start).split(/[?#]/, 1)[0] ?? "";
  // Fast path: most paths have no dot after a slash and nothing percent-encoded that matters.
  if (!/[\\/]\.|%2e|%2f|%5c/i.test(path) && !path.startsWith(".")) return false;
  const plain = path.replace(/%2e/gi, ".").replace(/%2f|%5c|\\/gi, "/");
  return plain.split("/").some((segment) => DOT_SEGMENT.test(segment));
}
