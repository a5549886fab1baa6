/** The port on which workerd listens, as it tells on its control channel (`--control-fd=3`). */

import type { ChildProcess } from "node:child_process";
import type { Readable } from "node:stream";

/** Resolves when workerd has told its port. Rejects if it ends before. */
export function portOf(child: ChildProcess): Promise<number> {
  return new Promise((resolve, reject) => {
    let output = "";
    (child.stdio[3] as Readable).on("data", (bytes) => {
      output += bytes;
      const found = /"port":(\d+)/.exec(output)?.[1];
      if (found !== undefined) resolve(Number(found));
    });
    child.once("error", reject);
    child.once("close", () => reject(new Error(`workerd did not start: ${output}`)));
  });
}
