// Installs what is missing before `npm start` and `npm test`, so that a fresh clone needs only Node and npm.
// Plain JavaScript without dependencies: it runs when nothing is installed yet, on the oldest Node we support.
import { spawn } from "node:child_process";
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

const OLDEST_NODE = 20;
const root = fileURLToPath(new URL("..", import.meta.url));

/**
 * @param {string} folder
 * @returns {{ version?: string, devDependencies?: Record<string, string>, optionalDependencies?: Record<string, string> }}
 */
function manifest(folder) {
  return JSON.parse(readFileSync(join(folder, "package.json"), "utf8"));
}

/**
 * Whether a package is there in the wanted version. Another version could give other results than in the next clone.
 * @param {string} folder
 * @param {string} name
 * @param {string} wanted An exact version, `npm:other@version` or `file:path`.
 */
function isInstalled(folder, name, wanted) {
  const home = join(folder, "node_modules", name);
  if (!existsSync(join(home, "package.json"))) return false;
  return wanted.startsWith("file:") || manifest(home).version === wanted.slice(wanted.lastIndexOf("@") + 1);
}

/**
 * `npm install`, not `npm ci`: there is no lock file (see .npmrc). Folders are independent, so they are filled side by side.
 * @param {string} folder
 * @returns {Promise<boolean>}
 */
function install(folder) {
  const npm = process.env.npm_execpath;
  const args = ["install", "--no-package-lock", "--no-audit", "--no-fund", "--loglevel=error"];
  const options = { cwd: folder, stdio: /** @type {const} */ ("inherit") };
  const child = npm ? spawn(process.execPath, [npm, ...args], options) : spawn("npm", args, options);
  return new Promise((resolve) => {
    child.on("error", () => resolve(false));
    child.on("close", (code) => resolve(code === 0));
  });
}

async function installPackages() {
  const wanted = Object.entries(manifest(root).devDependencies ?? {});
  const missing = wanted.filter(([name, version]) => !isInstalled(root, name, version));
  if (missing.length === 0) return;
  console.log(`Installing ${missing.map(([name]) => name).join(", ")} …`);
  if (!(await install(root))) process.exit(1);
}

/**
 * Installs another Node beside the user's own. Where there is no such package for the platform, its tests are skipped.
 * @param {"22" | "24"} major
 */
async function installNode(major) {
  const folder = join(root, "scripts", `node${major}`);
  const choices = Object.entries(manifest(folder).optionalDependencies ?? {});
  if (choices.some(([name, version]) => isInstalled(folder, name, version))) return;
  console.log(`Installing Node ${major} …`);
  if (!(await install(folder)))
    console.warn(`Node ${major} could not be installed: its tests will be skipped.`);
}

/** Installs what only the check of the npm package needs. */
async function installPackingTools() {
  const folder = join(root, "scripts/packing/tools");
  const wanted = Object.entries(manifest(folder).devDependencies ?? {});
  if (wanted.every(([name, version]) => isInstalled(folder, name, version))) return;
  console.log("Installing what checks the npm package …");
  if (!(await install(folder))) console.warn("It could not be installed: the step `package` will fail.");
}

if (Number.parseInt(process.versions.node, 10) < OLDEST_NODE) {
  console.error(`Node ${OLDEST_NODE} or later is needed, this is ${process.version}.`);
  process.exit(1);
}
const installs = [installPackages()];
if (process.argv.includes("--nodes")) {
  for (const major of /** @type {const} */ (["22", "24"])) installs.push(installNode(major));
  installs.push(installPackingTools());
}
await Promise.all(installs);
