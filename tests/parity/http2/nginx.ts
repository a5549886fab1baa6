/** nginx over HTTP/2 without TLS, with the given directives. */

import { freePorts, launch } from "../servers/child.ts";
import { find } from "../systems/tools.ts";

/** Starts it. `undefined` if it is not installed. */
export async function startNginx(
  directives: string,
): Promise<{ readonly port: number; close(): Promise<void> } | undefined> {
  const program = find("nginx");
  if (program === undefined) return undefined;
  const [port = 0] = await freePorts(1);
  const child = await launch({
    files: () => ({ "nginx.conf": configuration(port, directives) }),
    command: (folder) => [program, "-p", folder, "-c", "nginx.conf", "-e", "stderr"],
    ports: [port],
  });
  return { port, close: child.close };
}

function configuration(port: number, directives: string): string {
  return `
daemon off;
master_process off;
pid nginx.pid;
events { worker_connections 64; }
http {
  access_log off;
  client_body_temp_path body;
  proxy_temp_path proxy;
  fastcgi_temp_path fastcgi;
  uwsgi_temp_path uwsgi;
  scgi_temp_path scgi;
  server {
    listen 127.0.0.1:${port} http2;
    ${directives}
    location / { return 200 "ok"; }
  }
}
`;
}
