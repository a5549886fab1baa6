/** Finds installed programs and their versions. */

import { execFile } from "node:child_process";
import { accessSync, constants } from "node:fs";
import { delimiter, join } from "node:path";
import { promisify } from "node:util";

const run = promisify(execFile);

/** The folder of Debian's servers, which is often not on the path. */
const ALSO = ["/usr/sbin", "/usr/local/sbin", "/sbin"];

/** The path of a program, if it is installed. */
export function find(name: string): string | undefined {
  const folders = [...(process.env.PATH ?? "").split(delimiter), ...ALSO];
  return folders.map((folder) => join(folder, name)).find(isExecutable);
}

function isExecutable(file: string): boolean {
  try {
    accessSync(file, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}

/** A program's version: the part of its output that matches. */
export async function versionOf([file = "", ...args]: readonly string[], pattern: RegExp): Promise<string> {
  const { stdout, stderr } = await run(file, args);
  return pattern.exec(stdout + stderr)?.[0] ?? "?";
}
