/** Tomcat 10, with a connector for each setup. */

import { existsSync } from "node:fs";
import { join } from "node:path";
import { find, versionOf } from "../systems/tools.ts";
import { freePorts, launch } from "./child.ts";
import { IDLE_MS, LONG_IDLE_MS, REQUESTS, type ServerSystem } from "./server-system.ts";

const HOME = "/usr/share/tomcat10";

export const tomcat: ServerSystem = {
  name: "tomcat",
  title: "Tomcat",
  setups: {
    idle: { keepAliveTimeout: IDLE_MS },
    requests: { keepAliveTimeout: LONG_IDLE_MS, maxKeepAliveRequests: REQUESTS },
  },
  async start(idleMs = IDLE_MS) {
    const java = find("java");
    if (java === undefined || !existsSync(HOME)) return { missing: "no Tomcat 10: apt-get install tomcat10" };
    const ports = await freePorts(2);
    const [idle = 0, requests = 0] = ports;
    const jars = ["bootstrap.jar", "tomcat-juli.jar"].map((name) => join(HOME, "bin", name));
    const child = await launch({
      files: () => ({
        "conf/server.xml": configuration([
          connector(idle, `keepAliveTimeout="${idleMs}"`),
          connector(requests, `keepAliveTimeout="${LONG_IDLE_MS}" maxKeepAliveRequests="${REQUESTS}"`),
        ]),
        "conf/web.xml": WEB_XML,
        "webapps/ROOT/index.html": "ok",
        "temp/README": "Tomcat wants this folder.",
      }),
      command: (folder) => [
        java,
        "-XX:TieredStopAtLevel=1",
        "-cp",
        jars.join(":"),
        `-Dcatalina.home=${HOME}`,
        `-Dcatalina.base=${folder}`,
        `-Djava.io.tmpdir=${folder}/temp`,
        "org.apache.catalina.startup.Bootstrap",
        "start",
      ],
      ports,
    });
    const info = [java, "-cp", join(HOME, "lib", "catalina.jar"), "org.apache.catalina.util.ServerInfo"];
    const version = await versionOf(info, /Apache Tomcat\/[\d.]+/);
    return { version, ports: { idle, requests }, close: child.close };
  },
};

function connector(port: number, attributes: string): string {
  return `<Connector port="${port}" address="127.0.0.1" protocol="HTTP/1.1" connectionTimeout="20000" ${attributes}/>`;
}

function configuration(connectors: readonly string[]): string {
  return `<?xml version="1.0" encoding="UTF-8"?>
<Server port="-1">
  <Service name="Catalina">
    ${connectors.join("\n    ")}
    <Engine name="Catalina" defaultHost="localhost">
      <Host name="localhost" appBase="webapps" unpackWARs="false" autoDeploy="false"/>
    </Engine>
  </Service>
</Server>
`;
}

const WEB_XML = `<?xml version="1.0" encoding="UTF-8"?>
<web-app xmlns="https://jakarta.ee/xml/ns/jakartaee" version="6.0">
  <servlet>
    <servlet-name>default</servlet-name>
    <servlet-class>org.apache.catalina.servlets.DefaultServlet</servlet-class>
    <load-on-startup>1</load-on-startup>
  </servlet>
  <servlet-mapping>
    <servlet-name>default</servlet-name>
    <url-pattern>/</url-pattern>
  </servlet-mapping>
  <welcome-file-list><welcome-file>index.html</welcome-file></welcome-file-list>
</web-app>
`;
