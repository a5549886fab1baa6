/** The command, from its arguments to what it prints. */

import { readFileSync } from "node:fs";
import { describe, it } from "node:test";
import { fileURLToPath } from "node:url";
import { assertEquals, assertStringIncludes } from "@std/assert";
import { CLIENTS, SERVERS } from "../../src/cli/catalog.ts";
import { takesColours, withFault, withTitle } from "../../src/cli/colours.ts";
import { command, explainOrigin } from "../../src/cli/mod.ts";
import { BALANCER_NAMES } from "../../src/presets/balancers.ts";
import * as all from "../../src/presets/mod.ts";

describe("holdfast explain", () => {
  it("prints the rules of a client preset, each with its source", () => {
    const { code, output, error } = command(["explain", "jdk"]);
    assertEquals([code, error], [0, ""]);
    const lines = output.split("\n");
    assertEquals(lines[0], "JDK HttpURLConnection (JDK 8 to 25)");
    assertEquals(/^maxIdlePerOrigin +5 +preset$/m.test(output), true);
    assertEquals(/^connectTimeout +10s +default$/m.test(output), true);
    assertStringIncludes(
      output,
      "An idle connection is kept: 5s if the server says nothing, 5s after timeout=5, 1m after timeout=60, not at all after timeout=0.",
    );
  });

  it("gives one idle time where the client does not read Keep-Alive", () => {
    const { output } = command(["explain", "curl"]);
    assertStringIncludes(output, "An idle connection is kept: 118s, whatever the server says.");
  });

  it("says which side closes first against a server, and what to set", () => {
    const { code, output } = command(["explain", "jdk", "--against", "httpd"]);
    assertEquals(code, 0);
    assertEquals(output.trimEnd().split("\n").slice(-4), [
      'Against Apache httpd (2.4), which says "Connection: keep-alive" and "Keep-Alive: timeout=5, max=100":',
      "A race: the client gives up an idle connection after 5s, the server closes it after 5s.",
      "A request that meets a closed connection is sent again, even a POST, which may be executed twice.",
      'Recommendation: createPool({ ...presets.jdk(), idleTimeout: "4s" }), or a server timeout above 5s.',
    ]);
  });

  it("prints the rules of a server preset, and what it announces", () => {
    const { code, output } = command(["explain", "nginx"]);
    assertEquals(code, 0);
    for (const line of [/^idleTimeout +75s$/m, /^maxRequests +1000$/m, /^maxLifetime +1h$/m])
      assertEquals(line.test(output), true, String(line));
    assertStringIncludes(output, 'It says "Connection: keep-alive".');
    assertStringIncludes(command(["explain", "envoy"]).output, "It says nothing.");
  });

  it("prints the timeout of a load balancer, its source, and the rules for a server behind it", () => {
    const { code, output, error } = command(["explain", "aws-alb"]);
    assertEquals([code, error], [0, ""]);
    assertEquals(output.split("\n"), [
      "AWS Application Load Balancer, in front of a server",
      "Source: Elastic Load Balancing, User guide for Application Load Balancers, attributes",
      "",
      "It closes an idle connection to its server after 1m. The server must keep it longer.",
      "Setting: attribute idle_timeout.timeout_seconds (1 to 4000 s)",
      'Server: keepAlive(behind("aws-alb")) keeps an idle connection for 65s.',
      "",
    ]);
    assertStringIncludes(command(["explain", "aws-nlb"]).output, "The server must close it sooner.");
  });

  it("says whether a server behind a load balancer closes first", () => {
    const last = (...args: string[]) =>
      command(["explain", ...args])
        .output.trimEnd()
        .split("\n")
        .slice(-2);
    assertEquals(last("aws-alb", "--against", "nodeServer"), [
      "In front of Node http.Server (20 and later), which closes it after 6s:",
      "The server may close first. A request that crosses the FIN fails with 502: raise the server's timeout.",
    ]);
    assertEquals(last("railway", "--against", "nginx").at(-1), "The balancer closes first, as it should.");
    assertEquals(last("aws-nlb", "--against", "nginx").at(-1), "The server closes first, as it should.");
    assertStringIncludes(last("aws-nlb", "--against", "envoy").at(-1) ?? "", "is lost");
  });

  it("knows every load balancer, and prints both where a server preset has the same name", () => {
    for (const name of BALANCER_NAMES) {
      const { code, output } = command(["explain", name]);
      assertEquals(code, 0, name);
      assertStringIncludes(output, `keepAlive(behind("${name}"))`);
    }
    assertStringIncludes(command(["explain", "nginx"]).output, 'It says "Connection: keep-alive".');
  });

  it("knows every preset", () => {
    const made = Object.entries(all).filter(([, value]) => typeof value === "function");
    const known = [...Object.keys(CLIENTS), ...Object.keys(SERVERS)].filter((name) => name !== "holdfast");
    assertEquals(known.sort(), made.map(([name]) => name).sort());
    for (const name of known) assertEquals(command(["explain", name]).code, 0, name);
    for (const client of Object.keys(CLIENTS)) {
      for (const server of Object.keys(SERVERS))
        assertEquals(command(["explain", client, "--against", server]).error, "", `${client} ${server}`);
    }
  });
});

describe("holdfast, called wrongly, ends with 2, says what is wrong and what there is:", () => {
  const rows: readonly (readonly [args: readonly string[], says: string])[] = [
    [[], "No command given"],
    [["probe"], 'Unknown command "probe"'],
    [["explain"], "No preset given"],
    [["explain", "jdk", "curl"], '"curl" is too much'],
    [["explain", "jkd"], 'Unknown preset "jkd": known are holdfast, apacheHttpClient4'],
    [["explain", "jkd"], "Did you mean jdk?"],
    [["explain", "AWS_ALB"], "Did you mean aws-alb?"],
    [["explain", "alb"], "Did you mean aws-alb?"],
    [["explain", "trafik"], "Did you mean traefik?"],
    [["explain", "ngnix"], "Did you mean nginx?"],
    [["explain", "jdk", "--against", "tomact"], "Did you mean tomcat?"],
    [["explain", "toString"], 'Unknown preset "toString"'],
    [
      ["explain", "jdk", "--against", "curl"],
      'Unknown server preset "curl": known are envoy, haproxy, httpd, nginx',
    ],
    [
      ["explain", "tomcat", "--against", "httpd"],
      "--against needs a client preset or a load balancer before it: tomcat is a server",
    ],
    [["explain", "jdk", "--agianst", "nginx"], "--agianst"],
    [["explain", "jdk", "--against"], "--against"],
  ];
  for (const [args, says] of rows) {
    it(args.join(" ") || "nothing", () => {
      const { code, output, error } = command(args);
      assertEquals([code, output], [2, ""]);
      assertStringIncludes(error, says);
      assertStringIncludes(error, "Usage: holdfast explain <preset");
    });
  }

  it("but 0 when asked for help", () => {
    const { code, output } = command(["--help"]);
    assertEquals([code, output.startsWith("Usage: holdfast")], [0, true]);
  });
});

describe("holdfast explain <origin>", () => {
  const origins = { "https://*.test": { idleTimeout: "9s" }, "https://a.test": { maxConnections: 3 } };
  const env = { HOLDFAST_ORIGINS: JSON.stringify(origins), HOLDFAST_MAX_REQUESTS: "7" };

  it("prints the rules that the options of a program give it, each with where it is from", async () => {
    const { code, output, error } = await explainOrigin(["https://a.test/x"], env);
    assertEquals([code, error], [0, ""]);
    assertEquals(output.split("\n")[0], "Rules for https://a.test");
    const has = (row: RegExp) => assertEquals(row.test(output), true, `${row} in ${output}`);
    has(/^idleTimeout +9s +origin https:\/\/\*\.test$/m);
    has(/^maxConnectionsPerOrigin +3 +origin https:\/\/a\.test$/m);
    has(/^maxRequests +7 +option$/m);
    has(/^maxLifetime +1h +default$/m);
  });

  it("reads a config module, and the variables win", async () => {
    const config = fileURLToPath(new URL("../register/holdfast.config.json", import.meta.url));
    const { output } = await explainOrigin(["http://a.test", "--config", config], {});
    assertStringIncludes(output, "option");
    const missing = await explainOrigin(["http://a.test"], { HOLDFAST_CONFIG: "./none.json" });
    assertEquals(missing.code, 2);
    assertStringIncludes(missing.error, "cannot be imported");
  });

  it("refuses options that no pool would take, and shows no secret of theirs", async () => {
    const secret = { "https://a.test": { proxy: "http://user:secret@p.test", idle: 1 } };
    const { code, error } = await explainOrigin(["https://a.test"], {
      HOLDFAST_ORIGINS: JSON.stringify(secret),
    });
    assertEquals(code, 2);
    assertEquals(error.includes("secret"), false);
    assertStringIncludes(
      error,
      'HOLDFAST_ORIGINS (value not shown): origins["https://a.test"]: Unknown option "idle"',
    );
    assertEquals((await explainOrigin(["https://a.test", "http://b.test"], {})).code, 2);
    assertEquals((await explainOrigin(["ftp://a.test"], {})).code, 2);
  });
});

describe("the command", () => {
  const root = new URL("../../", import.meta.url);

  it("says its version, which is that of the package", () => {
    const { version } = JSON.parse(readFileSync(new URL("package.json", root), "utf8"));
    assertEquals(command(["--version"]), { code: 0, output: `${version}\n`, error: "" });
    assertEquals(JSON.parse(readFileSync(new URL("deno.json", root), "utf8")).version, version);
  });

  it("has help for all commands, and for each", () => {
    assertStringIncludes(command(["--help"]).output, "holdfast probe <URL>");
    assertStringIncludes(command(["explain", "--help"]).output, "Load balancers: aws-alb");
    assertEquals(command(["explain", "-h"]).code, 0);
  });

  it("names the command or option that was probably meant", () => {
    const table: [string[], string][] = [
      [["explian", "go"], "known are explain and probe. Did you mean explain?"],
      [
        ["explain", "go", "--agianst", "nginx"],
        "Unknown option --agianst: known are --against, --help, --version. Did you mean --against?",
      ],
      [
        ["explain", "go", "--frobnicate"],
        "Unknown option --frobnicate: known are --against, --help, --version\n",
      ],
    ];
    for (const [args, told] of table) {
      const { code, output, error } = command(args);
      assertEquals([code, output], [2, ""]);
      assertStringIncludes(error, told);
    }
  });

  it("is coloured on a terminal only, and not against the user's will", () => {
    const terminal = { isTTY: true };
    assertEquals(
      [
        takesColours(terminal, {}),
        takesColours(terminal, { NO_COLOR: "" }),
        takesColours(terminal, { NO_COLOR: "1" }),
        takesColours(terminal, { TERM: "dumb" }),
        takesColours({}, {}),
      ],
      [true, true, false, false, false],
    );
    assertEquals(withTitle("Title\n\nText"), "\u001b[1mTitle\u001b[22m\n\nText");
    assertEquals(withFault("Fault\nText"), "\u001b[31mFault\u001b[39m\nText");
  });
});
