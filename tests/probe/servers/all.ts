/** All servers whose limits are known, by the order in which they are proven. */

import { haproxy } from "../../parity/servers/haproxy.ts";
import { httpd } from "../../parity/servers/httpd.ts";
import { nginx } from "../../parity/servers/nginx.ts";
import { nodeServer } from "../../parity/servers/node-server.ts";
import { tomcat } from "../../parity/servers/tomcat.ts";
import { caddy } from "./caddy.ts";
import { envoy } from "./envoy.ts";
import { fromParity } from "./from-parity.ts";
import type { KnownSystem } from "./known-server.ts";
import { bunServe, denoServe } from "./runtimes.ts";
import { secureNginx } from "./secure-nginx.ts";
import { squid } from "./squid.ts";

/** Tomcat's poller looks at its connections once a second, and then some. */
const TOMCAT_LATE_MS = 1200;

export const knownSystems: readonly KnownSystem[] = [
  fromParity(nginx),
  secureNginx,
  fromParity(tomcat, TOMCAT_LATE_MS),
  fromParity(httpd),
  fromParity(haproxy),
  fromParity(nodeServer),
  caddy,
  envoy,
  squid,
  denoServe,
  bunServe,
];
