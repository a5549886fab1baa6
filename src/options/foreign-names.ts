/** Foreign names: what the options of other clients are called here. Somebody who moves here types them first. */

/** By the name there: undici, `http.Agent`, agentkeepalive, axios, got, reqwest, Apache HttpClient. */
const FOREIGN_NAMES: Readonly<Record<string, string>> = {
  timeout: "requestTimeout, headersTimeout, bodyIdleTimeout or connectTimeout, by what is meant",
  keepAliveTimeout: "idleTimeout",
  keepAliveMaxTimeout: "idleTimeout: an announced timeout is never longer",
  keepAliveTimeoutThreshold: "hintMargin",
  agentKeepAliveTimeoutBuffer: "hintMargin",
  freeSocketTimeout: "idleTimeout",
  poolIdleTimeout: "idleTimeout",
  keepAlive: "maxIdlePerOrigin: connections are kept, and 0 turns it off",
  keepAliveMsecs: "tcpKeepAlive.idle",
  keepAliveInitialDelay: "tcpKeepAlive.idle",
  maxSockets: "maxConnectionsPerOrigin",
  connections: "maxConnectionsPerOrigin",
  maxConnPerRoute: "maxConnectionsPerOrigin",
  maxConnectionsPerHost: "maxConnectionsPerOrigin",
  maxTotalSockets: "maxConnections",
  maxConnTotal: "maxConnections",
  maxFreeSockets: "maxIdlePerOrigin",
  poolMaxIdlePerHost: "maxIdlePerOrigin",
  socketActiveTTL: "maxLifetime",
  clientTtl: "maxLifetime",
  timeToLive: "maxLifetime",
  maxRequestsPerClient: "maxRequests",
  maxRequestsPerSocket: "maxRequests",
  scheduling: "reuseOrder",
  bodyTimeout: "bodyIdleTimeout",
  readTimeout: "bodyIdleTimeout",
  responseTimeout: "headersTimeout",
  connect: "connectTimeout and tls",
  socketPath: "unixPath",
  lookup: "resolve",
  ca: "tls.ca",
  cert: "tls.cert",
  key: "tls.key",
  rejectUnauthorized: "tls.rejectUnauthorized",
  allowH2: "http2",
  maxConcurrentStreams: "maxStreams",
  proxyEnv: '"env" of proxy',
};

/** What the option of another client is called here, if it is one. */
export function nameHere(given: string): string | undefined {
  return Object.hasOwn(FOREIGN_NAMES, given) ? FOREIGN_NAMES[given] : undefined;
}
