/** Proves that JSR would accept the package and has its documentation: a dry run of `deno publish`, and what it lacks. */
import { readdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import { entries, root } from "./entries.ts";
import { type Checks, report } from "./test/report.ts";
import { run } from "./test/run.ts";
import { tool } from "./test/tools.ts";

/** The preload imports the module that the user names, which nobody can know when it is published. */
const CONFIG_IMPORT =
  /warning\[unanalyzable-dynamic-import\][^\n]*\n\s*--> \S*src\/register\/config-module\.ts:/g;

/** What `deno doc --lint` finds and cannot be mended, each with its reason. */
const REMARKS: Readonly<Record<string, string>> = {
  // Types of Hono, which is a peer dependency: whoever imports our entry has them from there.
  "public type 'KeepAliveMiddleware' references private type 'MiddlewareHandler'": "Hono's",
  "public type 'upstream' references private type 'MiddlewareHandler'": "Hono's",
  "public type 'poolStatus' references private type 'Hono'": "Hono's",
  "public type 'forward' references private type 'Context'": "Hono's",
  "public type 'forwardWebSocket' references private type 'Context'": "Hono's",
  "public type 'Trust' references private type 'Context'": "Hono's",
  "public type 'ForwardOptions[\"edit\"]' references private type 'Context'": "Hono's",
};

const checks: Checks = {
  "deno doc --lint finds nothing in what the entries export, but for what has a reason": async () => {
    const { output } = await run([tool("deno"), "doc", "--lint", ...entries().map(({ source }) => source)]);
    const found = [...output.matchAll(/^error\[[\w-]+\]: (.*)\n\s*--> (.*)$/gm)];
    const others = found.filter(([, remark = ""]) => REMARKS[remark] === undefined);
    if (others.length > 0) throw new Error(others.map(([, remark, at]) => `${remark}: ${at}`).join("\n"));
    const gone = Object.keys(REMARKS).filter((known) => found.every(([, remark]) => remark !== known));
    if (gone.length > 0) throw new Error(`No longer found, or not understood: ${gone.join("; ")}\n${output}`);
  },
  // It type-checks what the entries export and import, with deno.json's options, as `deno check` does.
  "deno publish --dry-run finds no wrong type, and succeeds without a warning": async () => {
    const { ok, output } = await run([tool("deno"), "publish", "--dry-run", "--allow-dirty"]);
    if (!ok || /\bwarning\b/i.test(output.replaceAll(CONFIG_IMPORT, ""))) throw new Error(output);
  },
  "no source declares in another module's name or globally": async () => {
    const offenders: string[] = [];
    for (const file of await sources()) {
      const text = await readFile(join(root, file), "utf8");
      if (/^\s*declare\s+(module|global)\b/m.test(text)) offenders.push(file);
    }
    if (offenders.length > 0)
      throw new Error(`JSR refuses \`declare module\` and \`declare global\`: ${offenders}`);
  },
};

await report(checks);

async function sources(): Promise<string[]> {
  const folders = await Promise.all(
    ["src", "transports"].map(async (folder) =>
      (await readdir(join(root, folder), { recursive: true })).map((file) => join(folder, file)),
    ),
  );
  return ["mod.ts", ...folders.flat()].filter((file) => file.endsWith(".ts"));
}
