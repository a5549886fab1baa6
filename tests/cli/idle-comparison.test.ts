/** Which side closes an idle connection first, for each client and each server with their defaults. */

import { describe, it } from "node:test";
import { assertEquals } from "@std/assert";
import { type PoolOptions, presets } from "../../mod.ts";
import { consequence, recommendation, whoIsFirst } from "../../src/cli/advice.ts";
import { compareIdleTimes, type IdleComparison, idleMsAfter } from "../../src/cli/idle-comparison.ts";

/** In seconds: `safe`, the client is first; `race`; `late`, the server is. */
function verdictOn({ first, clientMs }: IdleComparison): string {
  const words = { client: "safe", race: "race", server: "late", neither: "neither" };
  return `${clientMs / 1000} ${words[first]}`;
}

const servers = {
  Node: presets.nodeServer(),
  httpd: presets.httpd(),
  Tomcat: presets.tomcat({ keepAliveTimeout: "20s" }),
  nginx: presets.nginx(),
  Envoy: presets.envoy(),
};

describe("The idle times of", () => {
  const late = (seconds: number) => Array.from({ length: 4 }, () => `${seconds} late`);
  const rows: Readonly<Record<string, readonly [PoolOptions, ...string[]]>> = {
    // against Node, httpd, Tomcat with the server.xml it is shipped with, nginx, Envoy
    Holdfast: [{}, "4 safe", "4 safe", "19 safe", "55 safe", "55 safe"],
    undici: [presets.undici(), "3 safe", "3 safe", "18 safe", "4 safe", "4 safe"],
    "Node globalAgent": [presets.nodeAgent(), "4 safe", "4 safe", "5 safe", "5 safe", "5 safe"],
    "a Node Agent of one's own": [
      presets.nodeAgent({ timeout: Infinity }),
      ...Array.from({ length: 5 }, () => "Infinity late"),
    ],
    "HttpClient 5": [presets.apacheHttpClient5(), "5 safe", "5 race", "20 race", "180 late", "180 safe"],
    "HttpClient 4": [
      presets.apacheHttpClient4(),
      "5 safe",
      "5 race",
      "20 race",
      "Infinity late",
      "Infinity late",
    ],
    JDK: [presets.jdk(), "5 safe", "5 race", "20 race", "5 safe", "5 safe"],
    "java.net.http": [presets.jdkHttpClient(), "30 late", "30 late", "30 late", "30 safe", "30 safe"],
    "java.net.http 17": [presets.jdkHttpClient({ version: "17" }), ...late(1200), "1200 safe"],
    Chrome: [presets.chrome(), ...late(300), "300 safe"],
    OkHttp: [presets.okHttp(), ...late(300), "300 safe"],
    Bun: [presets.bunFetch(), ...late(300), "300 safe"],
    Go: [presets.go(), ...late(90), "90 safe"],
    reqwest: [presets.reqwest(), ...late(90), "90 safe"],
    Deno: [presets.denoFetch(), ...late(90), "90 safe"],
    curl: [presets.curl(), ...late(118), "118 safe"],
  };
  for (const [name, [client, ...expected]] of Object.entries(rows)) {
    it(name, () => {
      const found = Object.values(servers).map((server) => verdictOn(compareIdleTimes(client, server)));
      assertEquals(found, expected, Object.keys(servers).join(", "));
    });
  }

  it("a client and a server that both keep idle connections for ever: neither closes first", () => {
    assertEquals(compareIdleTimes(presets.apacheHttpClient4(), presets.haproxy()).first, "neither");
  });

  it("nginx, where its second argument promises more than the first keeps", () => {
    const lying = presets.nginx({ keepaliveTimeout: "5s", announcedTimeout: "60s" });
    assertEquals(verdictOn(compareIdleTimes({}, lying)), "55 late");
  });

  it("a server whose first response is the last, or says timeout=0", () => {
    assertEquals(compareIdleTimes({}, presets.nginx({ keepaliveRequests: 1 })).clientMs, 0);
    assertEquals(
      compareIdleTimes(presets.undici(), presets.nodeServer({ keepAliveTimeout: "900ms" })).clientMs,
      0,
    );
  });
});

describe("What is recommended", () => {
  const jdk = presets.jdk();

  it("in a race: an idleTimeout that leaves the server a second", () => {
    const found = compareIdleTimes(jdk, servers.httpd);
    assertEquals(
      whoIsFirst(found),
      "A race: the client gives up an idle connection after 5s, the server closes it after 5s.",
    );
    assertEquals(
      recommendation("jdk", found),
      'Recommendation: createPool({ ...presets.jdk(), idleTimeout: "4s" }), or a server timeout above 5s.',
    );
  });

  it("is true: with it, the client is first", () => {
    for (const [client, server] of [
      [jdk, servers.httpd],
      [presets.chrome(), servers.Node],
      [presets.go(), servers.nginx],
    ] as const) {
      const text = recommendation("x", compareIdleTimes(client, server));
      const idleTimeout = /idleTimeout: "(.*?)"/.exec(text)?.[1] as "4s";
      assertEquals(compareIdleTimes({ ...client, idleTimeout }, server).first, "client", text);
    }
  });

  it("where the client never gives up, against a server with less than two seconds, and where all is well", () => {
    const client = presets.apacheHttpClient4();
    assertEquals(
      recommendation("apacheHttpClient4", compareIdleTimes(client, servers.nginx)),
      'Recommendation: createPool({ ...presets.apacheHttpClient4(), idleTimeout: "74s" }).',
    );
    assertEquals(
      recommendation(
        "holdfast",
        compareIdleTimes({ serverHints: "ignore" }, presets.tomcat({ keepAliveTimeout: "1s" })),
      ),
      "Recommendation: createPool({ maxIdlePerOrigin: 0 }), or raise the server's timeout.",
    );
    assertEquals(
      recommendation("jdk", compareIdleTimes(jdk, servers.nginx)),
      "Recommendation: leave it as it is.",
    );
  });

  it("and what happens to requests that meet a close", () => {
    assertEquals(consequence(presets.undici()), "A request that meets a closed connection fails.");
    assertEquals(
      consequence(presets.go()),
      "A GET that meets a closed connection is sent again, a POST fails.",
    );
    assertEquals(
      consequence(jdk),
      "A request that meets a closed connection is sent again, even a POST, which may be executed twice.",
    );
  });
});

describe("The idle time after a response", () => {
  it("is that of the real rules: hint less margin, never more than idleTimeout", () => {
    assertEquals(idleMsAfter({}, "timeout=5"), 4000);
    assertEquals(idleMsAfter({}, "timeout=600"), 55_000);
    assertEquals(idleMsAfter({ hintMargin: "2s" }, "timeout=5"), 3000);
    assertEquals(idleMsAfter({}, "timeout=5", "close"), 0);
  });
});
