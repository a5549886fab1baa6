/** Clients on the JVM. Each is one source file that `java` compiles when it starts. */

import { existsSync } from "node:fs";
import { fileURLToPath } from "node:url";
import type { Command } from "../driver.ts";
import { lineProgram, type Missing, type Program } from "../program.ts";
import type { System } from "./system.ts";
import { find } from "./tools.ts";

const JARS = "/usr/share/java";

/** JVM flags for little memory, a quick start and English messages. */
const QUICK: Command = ["-XX:TieredStopAtLevel=1", "-XX:+UseSerialGC", "-Xshare:auto", "-Duser.language=en"];

/** Idle time of java.net.http, a property of the process (20 min in JDK 17). It counts whole seconds, so 3 to 4 s. */
const IDLE_S = 4;

/** Why HttpURLConnection closes late. */
const SWEEPER = "a thread that looks every 5 s closes what has expired";

/** Why HttpClient closes late. */
const LEASE = "without its evictor it closes expired and stale connections only at the next lease";

async function java(file: string, options: Command = [], args: Command = []): Promise<Program | Missing> {
  const program = find("java");
  if (program === undefined) return { missing: "no java: apt-get install openjdk-17-jdk-headless" };
  const source = fileURLToPath(new URL(`../programs/${file}.java`, import.meta.url));
  return await lineProgram([program, ...QUICK, ...options, source, ...args]);
}

/** The argument that makes the first server of a case the program's proxy. */
function proxyArgument(proxied: boolean): Command {
  return proxied ? ["proxied"] : [];
}

async function withJars(
  file: string,
  debian: string,
  jars: readonly string[],
  args: Command = [],
): Promise<Program | Missing> {
  const paths = jars.map((jar) => `${JARS}/${jar}.jar`);
  const absent = paths.find((path) => !existsSync(path));
  if (absent !== undefined) return { missing: `no ${absent}: apt-get install ${debian}` };
  return await java(file, ["-cp", paths.join(":")], args);
}

export const jdk: System = {
  name: "jdk",
  title: "JDK HttpURLConnection",
  can: ["together", "methods", "origins"],
  closesLate: SWEEPER,
  start: (_, proxied) => java("UrlConnection", [], proxyArgument(proxied)),
};

/** Shorter times and lower limits, set as properties of the process. */
export const jdkTuned: System = {
  name: "jdk-tuned",
  preset: "jdk",
  title: "JDK HUC, tuned",
  can: ["together", "methods", "origins"],
  given: { keepAliveTimeServer: 2000, maxConnections: 2, retryPost: false },
  about: /^pool:|^stale: (GET|POST|PUT) on|^Keep-Alive: (timeout=3|max=2|\(none\))/,
  closesLate: SWEEPER,
  start: () =>
    java("UrlConnection", [
      "-Dhttp.keepAlive.time.server=2",
      "-Dhttp.maxConnections=2",
      "-Dsun.net.http.retryPost=false",
    ]),
};

export const jdkHttpClient: System = {
  name: "jdkHttpClient",
  title: "java.net.http",
  can: ["together", "methods", "origins"],
  versioned: true,
  given: { keepaliveTimeout: IDLE_S * 1000 },
  start: (_, proxied) =>
    java("NetHttpClient", [`-Djdk.httpclient.keepalive.timeout=${IDLE_S}`], proxyArgument(proxied)),
};

export const apacheHttpClient4: System = {
  name: "apacheHttpClient4",
  title: "Apache HttpClient 4",
  can: ["together", "methods", "origins"],
  widest: 2,
  tunes: { maxConnectionsPerOrigin: "maxPerRoute", maxConnections: "maxTotal", maxLifetimeMs: "timeToLive" },
  closesLate: LEASE,
  start: () =>
    withJars("Apache4", "libhttpclient-java", ["httpclient", "httpcore", "commons-logging", "commons-codec"]),
};

export const apacheHttpClient5: System = {
  name: "apacheHttpClient5",
  title: "Apache HttpClient 5",
  can: ["together", "methods", "origins"],
  tunes: {
    idleTimeoutMs: "connectionKeepAlive",
    maxConnectionsPerOrigin: "maxPerRoute",
    maxConnections: "maxTotal",
    maxLifetimeMs: "timeToLive",
  },
  versioned: true,
  widest: 5,
  closesLate: LEASE,
  start: (_, proxied) =>
    withJars(
      "Apache5",
      "libhttpclient5-java",
      ["httpclient5", "httpcore5", "httpcore5-h2", "slf4j-api", "slf4j-nop"],
      proxyArgument(proxied),
    ),
};

/** At most two idle connections, set as a property of the process. */
export const jdkHttpClientTuned: System = {
  ...jdkHttpClient,
  name: "jdkHttpClient-tuned",
  preset: "jdkHttpClient",
  title: "java.net.http, tuned",
  given: { keepaliveTimeout: IDLE_S * 1000, connectionPoolSize: 2 },
  about: /a second apart/,
  start: () =>
    java("NetHttpClient", [
      `-Djdk.httpclient.keepalive.timeout=${IDLE_S}`,
      "-Djdk.httpclient.connectionPoolSize=2",
    ]),
};

export const okHttp: System = {
  name: "okHttp",
  title: "OkHttp",
  can: ["together", "methods", "origins"],
  tunes: { idleTimeoutMs: "keepAliveDuration", maxIdle: "maxIdleConnections" },
  start: () => withJars("Square", "libokhttp-java", ["okhttp", "okio"]),
};
