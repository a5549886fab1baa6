/** All servers that the middleware is compared with. */

import { haproxy } from "./haproxy.ts";
import { httpd } from "./httpd.ts";
import { nginx } from "./nginx.ts";
import { nodeServer } from "./node-server.ts";
import type { ServerSystem } from "./server-system.ts";
import { tomcat } from "./tomcat.ts";

export const servers: readonly ServerSystem[] = [nginx, tomcat, httpd, haproxy, nodeServer];
