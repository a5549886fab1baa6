/**
 * Requests that real proxies got wrong: fields per hop, framing, targets, upgrades, paths, duplicates. Each has what must
 * reach the upstream.
 */

/** Nothing reaches the upstream. */
export const NOTHING = undefined;

/** What has reached the upstream when the client's fault is found is no complete request. */
export const MALFORMED = "malformed";

/** One request, as bytes. */
interface Sent {
  readonly sent: string;
}

/** One request, and what must reach the upstream. */
export interface HostileRequest extends Sent {
  /**
   * All bytes that the upstream receives. `^` is `Host` and `Connection` of the pool; `~` is `X-Forwarded-For`, `-Host`,
   * `-Proto` and `Via` of the gateway.
   */
  readonly seen: string | undefined;
  /** The same under servers that read the request in another way before any application sees it. */
  readonly except?: Readonly<Record<string, string | undefined>>;
}

const head = (line: string, ...fields: string[]): string =>
  `${[line, "Host: a.test", ...fields].join("\r\n")}\r\n\r\n`;
const get = (...fields: string[]): Sent => ({ sent: head("GET /p HTTP/1.1", ...fields) });
const at = (target: string): Sent => ({ sent: head(`GET ${target} HTTP/1.1`) });
const post = (body: string, ...fields: string[]): Sent => ({
  sent: head("POST /p HTTP/1.1", ...fields) + body,
});
const SMUGGLED = "GET /smuggled HTTP/1.1\r\nHost: a.test\r\n\r\n";

/** The requests by name. Fields that are sent on stand in the order of their names: some servers sort them, others do not. */
export const REQUESTS: Readonly<Record<string, HostileRequest>> = {
  "Connection names Host": { ...get("Connection: host"), seen: "GET /p HTTP/1.1\r\n^~\r\n" },
  "Connection names X-Forwarded-For": {
    ...get("Connection: x-forwarded-for, x-forwarded-host, x-forwarded-proto, via"),
    seen: "GET /p HTTP/1.1\r\n^~\r\n",
  },
  "Connection names Cookie and Authorization": {
    ...get("Connection: cookie, authorization", "Cookie: a=1", "Authorization: Bearer t"),
    seen: "GET /p HTTP/1.1\r\n^authorization: Bearer t\r\ncookie: a=1\r\n~\r\n",
  },
  "Connection names Content-Length": {
    ...post("hi", "Connection: content-length", "Content-Length: 2"),
    seen: "POST /p HTTP/1.1\r\n^~content-length: 2\r\n\r\nhi",
  },
  "Connection names Transfer-Encoding": {
    ...post("2\r\nhi\r\n0\r\n\r\n", "Connection: transfer-encoding", "Transfer-Encoding: chunked"),
    seen: "POST /p HTTP/1.1\r\n^~transfer-encoding: chunked\r\n\r\n2\r\nhi\r\n0\r\n\r\n",
  },
  "Connection names a field": {
    ...get("Connection: x-named", "X-Named: 1", "X-Other: 2"),
    seen: "GET /p HTTP/1.1\r\n^x-other: 2\r\n~\r\n",
  },
  "Connection in two lines": {
    ...get("Connection: x-a", "Connection: x-b", "X-A: 1", "X-B: 1", "X-C: 1"),
    seen: "GET /p HTTP/1.1\r\n^x-c: 1\r\n~\r\n",
  },
  "Connection with empty members": {
    ...get("Connection: , ,x-a,,", "X-A: 1"),
    seen: "GET /p HTTP/1.1\r\n^~\r\n",
  },
  "Connection: close": { ...get("Connection: close"), seen: "GET /p HTTP/1.1\r\n^~\r\n" },
  "Connection: close, x-a": { ...get("Connection: close, x-a", "X-A: 1"), seen: "GET /p HTTP/1.1\r\n^~\r\n" },
  "Keep-Alive": {
    ...get("Connection: keep-alive", "Keep-Alive: timeout=99, max=1"),
    seen: "GET /p HTTP/1.1\r\n^~\r\n",
  },
  "Proxy-Connection": { ...get("Proxy-Connection: keep-alive"), seen: "GET /p HTTP/1.1\r\n^~\r\n" },
  "Proxy-Authorization": { ...get("Proxy-Authorization: Basic c3RvbGVu"), seen: "GET /p HTTP/1.1\r\n^~\r\n" },
  "Proxy-Authorization by Connection": {
    ...get("Connection: proxy-authorization", "Proxy-Authorization: Basic c3RvbGVu"),
    seen: "GET /p HTTP/1.1\r\n^~\r\n",
  },
  "Proxy-Authenticate": { ...get("Proxy-Authenticate: Basic"), seen: "GET /p HTTP/1.1\r\n^~\r\n" },
  TE: { ...get("TE: gzip, deflate;q=0.5"), seen: "GET /p HTTP/1.1\r\n^~\r\n" },
  "TE: trailers without Connection": {
    ...get("TE: trailers"),
    seen: "GET /p HTTP/1.1\r\nhost: ORIGIN\r\nconnection: keep-alive, te\r\n~te: trailers\r\n\r\n",
    except: { "Deno.serve": "GET /p HTTP/1.1\r\n^~\r\n", "Bun.serve": "GET /p HTTP/1.1\r\n^~\r\n" },
  },
  Trailer: {
    ...post("2\r\nhi\r\n0\r\nX-T: 1\r\n\r\n", "Trailer: X-T", "Transfer-Encoding: chunked"),
    seen: "POST /p HTTP/1.1\r\n^~transfer-encoding: chunked\r\n\r\n2\r\nhi\r\n0\r\n\r\n",
    except: { "Bun.serve": NOTHING },
  },
  "a trailer that the gateway names": {
    ...post("2\r\nhi\r\n0\r\nX-Other: 1\r\nX-Sum: 7\r\nx-sum: 8\r\n\r\n", "Transfer-Encoding: chunked"),
    seen: "POST /p HTTP/1.1\r\n^~transfer-encoding: chunked\r\n\r\n2\r\nhi\r\n0\r\nx-sum: 7\r\nx-sum: 8\r\n\r\n",
    except: {
      "Deno.serve": "POST /p HTTP/1.1\r\n^~transfer-encoding: chunked\r\n\r\n2\r\nhi\r\n0\r\n\r\n",
      "Bun.serve": NOTHING,
    },
  },
  "a forbidden trailer": {
    ...post("2\r\nhi\r\n0\r\nContent-Length: 99\r\nHost: evil.test\r\n\r\n", "Transfer-Encoding: chunked"),
    seen: NOTHING,
    except: { "Deno.serve": "POST /p HTTP/1.1\r\n^~transfer-encoding: chunked\r\n\r\n2\r\nhi\r\n0\r\n\r\n" },
  },
  "an upgrade to h2c": {
    ...get("Connection: Upgrade, HTTP2-Settings", "Upgrade: h2c", "HTTP2-Settings: AAMAAABkAAQAoAAAAAIAAAAA"),
    seen: "GET /p HTTP/1.1\r\n^~\r\n",
  },
  "an upgrade to h2c that Connection does not name": {
    ...get("Upgrade: h2c", "HTTP2-Settings: AAMAAABkAAQAoAAAAAIAAAAA"),
    seen: "GET /p HTTP/1.1\r\n^~\r\n",
  },
  "an upgrade to a WebSocket": {
    ...get(
      "Connection: Upgrade",
      "Upgrade: websocket",
      "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==",
      "Sec-WebSocket-Version: 13",
    ),
    seen: "GET /p HTTP/1.1\r\n^sec-websocket-key: dGhlIHNhbXBsZSBub25jZQ==\r\nsec-websocket-version: 13\r\n~\r\n",
  },
  "an upgrade to TLS": {
    ...get("Connection: Upgrade", "Upgrade: TLS/1.0"),
    seen: "GET /p HTTP/1.1\r\n^~\r\n",
  },
  "an upgrade by POST": {
    ...post("hi", "Connection: Upgrade", "Upgrade: h2c", "Content-Length: 2"),
    seen: "POST /p HTTP/1.1\r\n^~content-length: 2\r\n\r\nhi",
    except: { "Deno.serve": NOTHING },
  },
  "both lengths": {
    ...post("2\r\nhi\r\n0\r\n\r\n", "Content-Length: 6", "Transfer-Encoding: chunked"),
    seen: NOTHING,
  },
  "both lengths, the other order": {
    ...post("2\r\nhi\r\n0\r\n\r\n", "Transfer-Encoding: chunked", "Content-Length: 6"),
    seen: NOTHING,
  },
  "CL.TE": {
    ...post(`0\r\n\r\n${SMUGGLED}`, `Content-Length: ${5 + SMUGGLED.length}`, "Transfer-Encoding: chunked"),
    seen: NOTHING,
  },
  "TE.CL": {
    ...post(`5c\r\n${"x".repeat(0x5c)}\r\n0\r\n\r\n`, "Content-Length: 4", "Transfer-Encoding: chunked"),
    seen: NOTHING,
  },
  "two lengths": { ...post("hi!", "Content-Length: 2", "Content-Length: 3"), seen: NOTHING },
  "two equal lengths": { ...post("hi", "Content-Length: 2", "Content-Length: 2"), seen: NOTHING },
  "a list of lengths": { ...post("hi", "Content-Length: 2, 2"), seen: NOTHING },
  "a signed length": { ...post("hi", "Content-Length: +2"), seen: NOTHING },
  "a negative length": { ...post("", "Content-Length: -1"), seen: NOTHING },
  "a hexadecimal length": { ...post("hi", "Content-Length: 0x2"), seen: NOTHING },
  "a length with a space inside": { ...post("hi", "Content-Length: 1 2"), seen: NOTHING },
  "an empty length": { ...post("", "Content-Length: "), seen: NOTHING },
  "a length too large": { ...post("hi", "Content-Length: 99999999999999999999"), seen: NOTHING },
  "a space before the colon": { ...post("hi", "Content-Length : 2"), seen: NOTHING },
  "Transfer-Encoding with a space before the colon": {
    ...post(`0\r\n\r\n`, "Transfer-Encoding : chunked"),
    seen: NOTHING,
  },
  "Transfer-Encoding: xchunked": { ...post("0\r\n\r\n", "Transfer-Encoding: xchunked"), seen: NOTHING },
  "Transfer-Encoding: identity": {
    ...post("hi", "Transfer-Encoding: identity", "Content-Length: 2"),
    seen: NOTHING,
  },
  "Transfer-Encoding: chunked, identity": {
    ...post("0\r\n\r\n", "Transfer-Encoding: chunked, identity"),
    seen: NOTHING,
  },
  "Transfer-Encoding: gzip, chunked": {
    ...post("2\r\nhi\r\n0\r\n\r\n", "Transfer-Encoding: gzip, chunked"),
    seen: NOTHING,
  },
  "Transfer-Encoding: chunked, chunked": {
    ...post("2\r\nhi\r\n0\r\n\r\n", "Transfer-Encoding: chunked, chunked"),
    seen: NOTHING,
  },
  "Transfer-Encoding twice": {
    ...post("2\r\nhi\r\n0\r\n\r\n", "Transfer-Encoding: chunked", "Transfer-Encoding: identity"),
    seen: NOTHING,
  },
  "Transfer-Encoding: ChUnKeD": {
    ...post("2\r\nhi\r\n0\r\n\r\n", "Transfer-Encoding: ChUnKeD"),
    seen: "POST /p HTTP/1.1\r\n^~transfer-encoding: chunked\r\n\r\n2\r\nhi\r\n0\r\n\r\n",
  },
  "Transfer-Encoding with a tab": {
    ...post("2\r\nhi\r\n0\r\n\r\n", "Transfer-Encoding:\tchunked"),
    seen: "POST /p HTTP/1.1\r\n^~transfer-encoding: chunked\r\n\r\n2\r\nhi\r\n0\r\n\r\n",
  },
  "Transfer-Encoding with a vertical tab": {
    ...post("2\r\nhi\r\n0\r\n\r\n", "Transfer-Encoding: \vchunked"),
    seen: NOTHING,
  },
  "Transfer-Encoding in quotes": {
    ...post("2\r\nhi\r\n0\r\n\r\n", 'Transfer-Encoding: "chunked"'),
    seen: NOTHING,
  },
  "Transfer-Encoding folded": {
    ...post("2\r\nhi\r\n0\r\n\r\n", "Transfer-Encoding:\r\n chunked"),
    seen: NOTHING,
  },
  Transfer_Encoding: {
    ...post("hi", "Transfer_Encoding: chunked", "Content-Length: 2"),
    seen: "POST /p HTTP/1.1\r\n^~content-length: 2\r\n\r\nhi",
  },
  "chunks with extensions": {
    ...post("2;a=b\r\nhi\r\n0\r\n\r\n", "Transfer-Encoding: chunked"),
    seen: "POST /p HTTP/1.1\r\n^~transfer-encoding: chunked\r\n\r\n2\r\nhi\r\n0\r\n\r\n",
  },
  "a chunk size with 0x": {
    ...post("0x2\r\nhi\r\n0\r\n\r\n", "Transfer-Encoding: chunked"),
    seen: MALFORMED,
  },
  "a chunk size too large": {
    ...post("fffffffffffffffff2\r\nhi\r\n0\r\n\r\n", "Transfer-Encoding: chunked"),
    seen: MALFORMED,
  },
  "a chunk size that is negative": {
    ...post("-2\r\nhi\r\n0\r\n\r\n", "Transfer-Encoding: chunked"),
    seen: MALFORMED,
  },
  "chunks that end with LF": { ...post("2\nhi\n0\n\n", "Transfer-Encoding: chunked"), seen: MALFORMED },
  "chunks without an end of their data": {
    ...post("2\r\nhiX0\r\n\r\n", "Transfer-Encoding: chunked"),
    seen: MALFORMED,
  },
  "a chunk extension with LF": {
    ...post("2;\nxx\r\nhi\r\n0\r\n\r\n", "Transfer-Encoding: chunked"),
    seen: MALFORMED,
  },
  "a body cut off": { ...post("hi", "Content-Length: 9"), seen: MALFORMED },
  "a GET with a length": { ...{ sent: `${head("GET /p HTTP/1.1", "Content-Length: 2")}hi` }, seen: NOTHING },
  "a GET with chunks": {
    ...{
      sent: `${head("GET /p HTTP/1.1", "Transfer-Encoding: chunked")}2\r\nhi\r\n0\r\n\r\n`,
    },
    seen: NOTHING,
  },
  "a HEAD with a length": {
    ...{
      sent: `${head("HEAD /p HTTP/1.1", `Content-Length: ${SMUGGLED.length}`)}${SMUGGLED}`,
    },
    seen: NOTHING,
  },
  "a DELETE with a body": {
    ...{ sent: `${head("DELETE /p HTTP/1.1", "Content-Length: 2")}hi` },
    seen: "DELETE /p HTTP/1.1\r\n^~content-length: 2\r\n\r\nhi",
  },
  "a DELETE without a body": {
    ...{ sent: head("DELETE /p HTTP/1.1") },
    seen: "DELETE /p HTTP/1.1\r\n^~\r\n",
  },
  "a POST without a length": {
    ...{ sent: head("POST /p HTTP/1.1") },
    seen: "POST /p HTTP/1.1\r\n^~content-length: 0\r\n\r\n",
  },
  "a POST of length 0": {
    ...{ sent: head("POST /p HTTP/1.1", "Content-Length: 0") },
    seen: "POST /p HTTP/1.1\r\n^~content-length: 0\r\n\r\n",
  },
  "a POST without chunks": {
    ...{ sent: `${head("POST /p HTTP/1.1", "Transfer-Encoding: chunked")}0\r\n\r\n` },
    seen: "POST /p HTTP/1.1\r\n^~transfer-encoding: chunked\r\n\r\n0\r\n\r\n",
  },
  OPTIONS: { ...{ sent: head("OPTIONS /p HTTP/1.1") }, seen: "OPTIONS /p HTTP/1.1\r\n^~\r\n" },
  "OPTIONS *": {
    ...{ sent: head("OPTIONS * HTTP/1.1") },
    seen: NOTHING,
    except: { "Deno.serve": "OPTIONS /* HTTP/1.1\r\n^~\r\n" },
  },
  "OPTIONS with Max-Forwards: 0": {
    ...{ sent: head("OPTIONS /p HTTP/1.1", "Max-Forwards: 0") },
    seen: NOTHING,
  },
  "OPTIONS with Max-Forwards: 5": {
    ...{ sent: head("OPTIONS /p HTTP/1.1", "Max-Forwards: 5") },
    seen: "OPTIONS /p HTTP/1.1\r\n^max-forwards: 4\r\n~\r\n",
  },
  TRACE: { ...{ sent: head("TRACE /p HTTP/1.1", "Cookie: a=1") }, seen: NOTHING },
  "TRACE in small letters": { ...{ sent: head("trace /p HTTP/1.1") }, seen: NOTHING },
  CONNECT: { ...{ sent: "CONNECT b.test:443 HTTP/1.1\r\nHost: b.test:443\r\n\r\n" }, seen: NOTHING },
  "an unknown method": { ...{ sent: head("PURGE /p HTTP/1.1") }, seen: "PURGE /p HTTP/1.1\r\n^~\r\n" },
  "Expect: 100-continue": {
    ...post("hi", "Expect: 100-continue", "Content-Length: 2"),
    seen: "POST /p HTTP/1.1\r\n^~content-length: 2\r\nexpect: 100-continue\r\n\r\nhi",
  },
  "Expect: 100-continue without a body": {
    ...get("Expect: 100-continue"),
    seen: "GET /p HTTP/1.1\r\n^~\r\n",
  },
  "Expect: something": { ...post("hi", "Expect: something", "Content-Length: 2"), seen: NOTHING },
  "an absolute target": {
    ...{ sent: "GET http://b.test/p?q HTTP/1.1\r\nHost: a.test\r\n\r\n" },
    seen: "GET /p?q HTTP/1.1\r\n^x-forwarded-for: 127.0.0.1\r\nx-forwarded-host: b.test\r\nx-forwarded-proto: http\r\nvia: 1.1 gw\r\n\r\n",
    except: { "Bun.serve": "GET /p?q HTTP/1.1\r\n^~\r\n" },
  },
  "an absolute target with credentials": {
    ...{ sent: "GET http://u:s@b.test/p HTTP/1.1\r\nHost: a.test\r\n\r\n" },
    seen: "GET /p HTTP/1.1\r\n^x-forwarded-for: 127.0.0.1\r\nx-forwarded-host: b.test\r\nx-forwarded-proto: http\r\nvia: 1.1 gw\r\n\r\n",
    except: { "Bun.serve": "GET /p HTTP/1.1\r\n^~\r\n" },
  },
  "an absolute target of https": {
    ...{ sent: "GET https://a.test/p HTTP/1.1\r\nHost: a.test\r\n\r\n" },
    seen: "GET /p HTTP/1.1\r\n^~\r\n",
    except: {
      "Deno.serve":
        "GET /p HTTP/1.1\r\n^x-forwarded-for: 127.0.0.1\r\nx-forwarded-host: a.test\r\nx-forwarded-proto: https\r\nvia: 1.1 gw\r\n\r\n",
    },
  },
  "an absolute target of another scheme": {
    ...{ sent: "GET ftp://a.test/p HTTP/1.1\r\nHost: a.test\r\n\r\n" },
    seen: NOTHING,
    except: { "Deno.serve": "GET /p HTTP/1.1\r\n^~\r\n" },
  },
  "a target that is a host": { ...at("//b.test/p"), seen: "GET //b.test/p HTTP/1.1\r\n^~\r\n" },
  "a target with @": { ...at("/@b.test/p"), seen: "GET /@b.test/p HTTP/1.1\r\n^~\r\n" },
  "a target without a slash": { ...at("p"), seen: NOTHING },
  "a target that begins with @": { ...at("@b.test/p"), seen: NOTHING },
  "no Host": {
    ...{ sent: "GET /p HTTP/1.1\r\n\r\n" },
    seen: NOTHING,
    except: {
      "Deno.serve":
        "GET /p HTTP/1.1\r\n^x-forwarded-for: 127.0.0.1\r\nx-forwarded-host: localhost:PORT\r\nx-forwarded-proto: http\r\nvia: 1.1 gw\r\n\r\n",
    },
  },
  "two Hosts": { ...get("Host: b.test"), seen: NOTHING },
  "a Host with a path": { ...{ sent: "GET /p HTTP/1.1\r\nHost: a.test/x\r\n\r\n" }, seen: NOTHING },
  "a Host with @": { ...{ sent: "GET /p HTTP/1.1\r\nHost: a.test@b.test\r\n\r\n" }, seen: NOTHING },
  "an empty Host": { ...{ sent: "GET /p HTTP/1.1\r\nHost: \r\n\r\n" }, seen: NOTHING },
  "HTTP/1.0": {
    ...{ sent: "GET /p HTTP/1.0\r\nHost: a.test\r\n\r\n" },
    seen: "GET /p HTTP/1.1\r\n^x-forwarded-for: 127.0.0.1\r\nx-forwarded-host: a.test\r\nx-forwarded-proto: http\r\nvia: 1.0 gw\r\n\r\n",
    except: { "Deno.serve": "GET /p HTTP/1.1\r\n^~\r\n", "Bun.serve": "GET /p HTTP/1.1\r\n^~\r\n" },
  },
  "HTTP/1.0 with chunks": {
    ...{
      sent: "POST /p HTTP/1.0\r\nHost: a.test\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nhi\r\n0\r\n\r\n",
    },
    seen: NOTHING,
  },
  "dot segments": {
    ...at("/x/../admin"),
    seen: NOTHING,
    except: { "Bun.serve": "GET /admin HTTP/1.1\r\n^~\r\n" },
  },
  "dot segments, encoded": {
    ...at("/x/%2e%2E/admin"),
    seen: NOTHING,
    except: { "Bun.serve": "GET /admin HTTP/1.1\r\n^~\r\n" },
  },
  "dot segments, half encoded": {
    ...at("/x/.%2e/admin"),
    seen: NOTHING,
    except: { "Bun.serve": "GET /admin HTTP/1.1\r\n^~\r\n" },
  },
  "dot segments behind an encoded slash": { ...at("/x/..%2fadmin"), seen: NOTHING },
  "dot segments behind an encoded backslash": { ...at("/x/..%5cadmin"), seen: NOTHING },
  "dot segments with a parameter": { ...at("/x/..;a=b/admin"), seen: NOTHING },
  "a single dot": {
    ...at("/x/./admin"),
    seen: NOTHING,
    except: { "Bun.serve": "GET /x/admin HTTP/1.1\r\n^~\r\n" },
  },
  "a backslash": {
    ...at("/x\\admin"),
    seen: NOTHING,
    except: { "Bun.serve": "GET /x/admin HTTP/1.1\r\n^~\r\n" },
  },
  "dot segments behind ://": {
    ...at("/../x://y/admin"),
    seen: NOTHING,
    except: { "Bun.serve": "GET /x://y/admin HTTP/1.1\r\n^~\r\n" },
  },
  "a fragment": { ...at("/p#/../admin"), seen: NOTHING },
  "an encoded NUL": { ...at("/p%00/x"), seen: "GET /p%00/x HTTP/1.1\r\n^~\r\n" },
  "a query with dots": { ...at("/p?u=/../x"), seen: "GET /p?u=/../x HTTP/1.1\r\n^~\r\n" },
  "two slashes": { ...at("//p///q"), seen: "GET //p///q HTTP/1.1\r\n^~\r\n" },
  "two cookies": {
    ...get("Cookie: a=1", "Cookie: b=2"),
    seen: "GET /p HTTP/1.1\r\n^cookie: a=1; b=2\r\n~\r\n",
  },
  "a field twice": { ...get("X-A: 1", "X-A: 2"), seen: "GET /p HTTP/1.1\r\n^x-a: 1, 2\r\n~\r\n" },
  "two Authorizations": {
    ...get("Authorization: Basic eA==", "Authorization: Bearer t"),
    seen: "GET /p HTTP/1.1\r\n^authorization: Basic eA==, Bearer t\r\n~\r\n",
  },
  "X-Forwarded-For": {
    ...get("X-Forwarded-For: 6.6.6.6", "X-Forwarded-For: 7.7.7.7"),
    seen: "GET /p HTTP/1.1\r\n^~\r\n",
  },
  X_Forwarded_For: { ...get("X_Forwarded_For: 6.6.6.6"), seen: "GET /p HTTP/1.1\r\n^~\r\n" },
  Forwarded: { ...get("Forwarded: for=6.6.6.6;host=evil.test"), seen: "GET /p HTTP/1.1\r\n^~\r\n" },
  "other forwarding fields": {
    ...get(
      "X-Forwarded-Host: evil.test",
      "X-Forwarded-Proto: https",
      "X-Forwarded-Port: 1",
      "X-Forwarded-Prefix: /e",
      "X-Real-IP: 6.6.6.6",
      "True-Client-IP: 6.6.6.6",
      "CF-Connecting-IP: 6.6.6.6",
      "X-Client-IP: 6.6.6.6",
    ),
    seen: "GET /p HTTP/1.1\r\n^~\r\n",
  },
  "a Via of others": {
    ...get("Via: 1.0 fred, 1.1 p.example.net (squid)"),
    seen: "GET /p HTTP/1.1\r\n^x-forwarded-for: 127.0.0.1\r\nx-forwarded-host: a.test\r\nx-forwarded-proto: http\r\nvia: 1.0 fred, 1.1 p.example.net (squid), 1.1 gw\r\n\r\n",
  },
  "a Via of its own": { ...get("Via: 1.1 other, 1.1 GW (x)"), seen: NOTHING },
  "a field folded": { ...get("X-A: 1\r\n Host: evil.test"), seen: NOTHING },
  "a line end inside a value": { ...get("X-A: 1\rX-B: 2"), seen: NOTHING },
  "a bare LF": {
    ...get("X-A: 1\nX-B: 2"),
    seen: NOTHING,
    except: { "Deno.serve": "GET /p HTTP/1.1\r\n^x-a: 1\r\nx-b: 2\r\n~\r\n" },
  },
  "a NUL in a value": { ...get("X-A: 1\0"), seen: NOTHING },
  "a space in a name": { ...get("X A: 1"), seen: NOTHING },
  "a field without a colon": { ...get("garbage"), seen: NOTHING },
  "Latin-1 in a value": { ...get("X-A: \xe9"), seen: "GET /p HTTP/1.1\r\n^x-a: é\r\n~\r\n" },
  "Range and If-Range": {
    ...get('If-Range: "e"', "Range: bytes=0-1"),
    seen: 'GET /p HTTP/1.1\r\n^if-range: "e"\r\nrange: bytes=0-1\r\n~\r\n',
  },
  "Accept-Encoding": {
    ...get("Accept-Encoding: gzip;q=0.5, x-unknown"),
    seen: "GET /p HTTP/1.1\r\n^accept-encoding: gzip;q=0.5, x-unknown\r\n~\r\n",
  },
};
