/** Apache httpd, with a virtual host on its own port for each setup. */

import { existsSync } from "node:fs";
import { find, versionOf } from "../systems/tools.ts";
import { freePorts, launch } from "./child.ts";
import { IDLE_MS, LONG_IDLE_MS, REQUESTS, type ServerSystem } from "./server-system.ts";

const MODULES = "/usr/lib/apache2/modules";

export const httpd: ServerSystem = {
  name: "httpd",
  title: "Apache httpd",
  setups: {
    idle: { keepAliveTimeout: IDLE_MS },
    requests: { keepAliveTimeout: LONG_IDLE_MS, maxKeepAliveRequests: REQUESTS - 1 },
  },
  async start(idleMs = IDLE_MS) {
    const program = find("apache2") ?? find("httpd");
    if (program === undefined || !existsSync(MODULES))
      return { missing: "no Apache httpd: apt-get install apache2" };
    const ports = await freePorts(2);
    const [idle = 0, requests = 0] = ports;
    const child = await launch({
      files: (folder) => ({
        "httpd.conf": configuration(folder, [
          host(idle, `KeepAliveTimeout ${idleMs}ms`),
          host(requests, `KeepAliveTimeout ${LONG_IDLE_MS}ms\n  MaxKeepAliveRequests ${REQUESTS - 1}`),
        ]),
        "htdocs/index.html": "ok",
      }),
      command: (folder) => [program, "-X", "-f", `${folder}/httpd.conf`],
      ports,
    });
    const version = await versionOf([program, "-v"], /Apache\/[\d.]+/);
    return { version, ports: { idle, requests }, close: child.close };
  },
};

function host(port: number, directives: string): string {
  return `Listen 127.0.0.1:${port}
<VirtualHost 127.0.0.1:${port}>
  ${directives}
</VirtualHost>
`;
}

function configuration(folder: string, hosts: readonly string[]): string {
  const modules = ["mpm_event", "authz_core", "dir", "mime"].map(
    (name) => `LoadModule ${name}_module ${MODULES}/mod_${name}.so`,
  );
  // Only when started by the superuser can httpd change its user, and Debian's user may not exist.
  const user = process.getuid?.() === 0 ? "User www-data\nGroup www-data" : "";
  return `
ServerRoot ${folder}
ServerName 127.0.0.1
PidFile ${folder}/httpd.pid
ErrorLog ${folder}/error.log
DefaultRuntimeDir ${folder}
Mutex posixsem
${modules.join("\n")}
${user}
TypesConfig /dev/null
DocumentRoot ${folder}/htdocs
DirectoryIndex index.html
KeepAlive On
${hosts.join("")}
`;
}
