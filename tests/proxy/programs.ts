/** Real proxy programs: squid and dante, if installed, in a temporary folder on loopback ports. They leave nothing behind. */

import { spawn } from "node:child_process";
import { accessSync, constants } from "node:fs";
import { chmod, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { delimiter, join } from "node:path";
import { fileURLToPath } from "node:url";
import { eventually } from "../support/patience.ts";
import { accepts, claimPort } from "../support/ports.ts";

/** How long a program may take to end before it is killed. */
const STOP_MS = 10_000;

/** A running proxy. */
export interface Program extends AsyncDisposable {
  readonly ports: readonly number[];
  /** What it has written to a file of its folder. */
  log(name: string): Promise<string>;
}

/** In PATH, or where Debian installs it, which is not in a user's PATH. */
function find(name: string): string | undefined {
  const folders = [...(process.env.PATH ?? "").split(delimiter), "/usr/sbin", "/usr/local/sbin"];
  return folders.map((folder) => join(folder, name)).find(isProgram);
}

function isProgram(path: string): boolean {
  try {
    accessSync(path, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}

const SQUID = find("squid");
const DANTE = find("danted") ?? find("sockd");
const NCSA = "/usr/lib/squid/basic_ncsa_auth";

/** Why squid's tests cannot be run, or `false`. */
export const withoutSquid: string | false =
  SQUID !== undefined && isProgram(NCSA) ? false : "squid is not installed";
/** Why dante's tests cannot be run, or `false`. */
export const withoutDante: string | false = DANTE === undefined ? "dante is not installed" : false;

/** `user:secret` by `openssl passwd -apr1`. */
const PASSWORDS = "user:$apr1$abcdefgh$h9FWgUz3n9YxylKLlR5SQ/\n";

const cert = (name: string): string => fileURLToPath(new URL(`../certs/${name}`, import.meta.url));

/** Squid on two ports, the second with TLS. It requires `user:secret`, and connects to this machine only. */
export function squid(): Promise<Program> {
  return start(SQUID ?? "", 2, async (folder, [plain, secure]) => {
    await writeFile(join(folder, "passwords"), PASSWORDS);
    await writeFile(
      join(folder, "conf"),
      `http_port 127.0.0.1:${plain}
https_port 127.0.0.1:${secure} tls-cert=${cert("server.pem")} tls-key=${cert("server.key")}
pid_filename ${folder}/pid
cache deny all
access_log stdio:${folder}/access
cache_log ${folder}/log
coredump_dir ${folder}
shutdown_lifetime 0 seconds
client_idle_pconn_timeout 3 seconds
visible_hostname holdfast.test
auth_param basic program ${NCSA} ${folder}/passwords
auth_param basic children 1
acl user proxy_auth REQUIRED
acl here dst 127.0.0.0/8
http_access deny !user
http_access allow here
http_access deny all
`,
    );
    return ["-N", "-f", join(folder, "conf")];
  });
}

/** Dante, which connects to this machine only. `method`: how clients must authenticate. */
export function dante(method: "none" | "username"): Promise<Program> {
  return start(DANTE ?? "", 1, async (folder, [port]) => {
    const users = process.getuid?.() === 0 ? "user.privileged: root\nuser.unprivileged: nobody\n" : "";
    await writeFile(
      join(folder, "conf"),
      `logoutput: ${folder}/log
internal: 127.0.0.1 port = ${port}
external: 127.0.0.1
clientmethod: none
socksmethod: ${method}
${users}client pass { from: 127.0.0.0/8 to: 0.0.0.0/0 }
socks pass { from: 127.0.0.0/8 to: 127.0.0.0/8 }
`,
    );
    return ["-f", join(folder, "conf")];
  });
}

type Configure = (folder: string, ports: readonly number[]) => Promise<string[]>;

async function start(program: string, count: number, configure: Configure): Promise<Program> {
  const folder = await mkdtemp(join(tmpdir(), "holdfast-proxy-"));
  await chmod(folder, 0o777); // squid becomes another user
  const claims = await Promise.all(Array.from({ length: count }, claimPort));
  const ports = claims.map(({ port }) => port);
  const child = spawn(program, await configure(folder, ports), { stdio: "ignore" });
  const ended = new Promise<void>((resolve) => {
    child.on("exit", () => resolve());
    child.on("error", () => resolve());
  });
  const stop = async (): Promise<void> => {
    child.kill();
    const patience = setTimeout(() => child.kill("SIGKILL"), STOP_MS);
    await ended;
    clearTimeout(patience);
    for (const { release } of claims) await release();
    await rm(folder, { recursive: true, force: true });
  };
  const log = (name: string): Promise<string> => readFile(join(folder, name), "utf8").catch(() => "");
  const all = eventually(async () => (await Promise.all(ports.map(accepts))).every(Boolean), "its ports");
  const listening = await Promise.race([
    ended.then(() => false),
    all.then(
      () => true,
      () => false,
    ),
  ]);
  if (listening) return { ports, log, [Symbol.asyncDispose]: stop };
  const said = await log("log");
  await stop();
  throw new Error(`${program} did not start: ${said}`);
}
