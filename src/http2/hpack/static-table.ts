/** Static table: the fields that every HPACK table begins with (RFC 7541 Appendix A). */

/** One field a line: its name, and its value behind a space. */
const FIELDS = `:authority
:method GET
:method POST
:path /
:path /index.html
:scheme http
:scheme https
:status 200
:status 204
:status 206
:status 304
:status 400
:status 404
:status 500
accept-charset
accept-encoding gzip, deflate
accept-language
accept-ranges
accept
access-control-allow-origin
age
allow
authorization
cache-control
content-disposition
content-encoding
content-language
content-length
content-location
content-range
content-type
cookie
date
etag
expect
expires
from
host
if-match
if-modified-since
if-none-match
if-range
if-unmodified-since
last-modified
link
location
max-forwards
proxy-authenticate
proxy-authorization
range
referer
refresh
retry-after
server
set-cookie
strict-transport-security
transfer-encoding
user-agent
vary
via
www-authenticate`;

const pairs = FIELDS.split("\n").map((field) => {
  const space = field.indexOf(" ");
  return space < 0 ? ([field, ""] as const) : ([field.slice(0, space), field.slice(space + 1)] as const);
});

/** Index 0 is not used (§6.1). */
export const STATIC_NAMES: readonly string[] = ["", ...pairs.map(([name]) => name)];
export const STATIC_VALUES: readonly string[] = ["", ...pairs.map(([, value]) => value)];
export const STATIC_LINES: readonly string[] = ["", ...pairs.map(([name, value]) => `${name}: ${value}\r\n`)];

/** Indices 1 to this are static, those above are of the dynamic table. */
export const STATIC_COUNT = 61;
