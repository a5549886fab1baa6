/** Marks: files by which the script of a server and a child whose event loop stands still tell each other something. */

import { rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

export interface Marks {
  /** There once the child's event loop stands still. */
  readonly blocked: string;
  /** There once the server has closed. */
  readonly closed: string;
  forget(): void;
}

/** Those of the scenario that has this port. */
export function marks(port: number): Marks {
  const [blocked, closed] = ["blocked", "closed"].map((what) =>
    join(tmpdir(), `holdfast-conformance-${port}.${what}`),
  ) as [string, string];
  return {
    blocked,
    closed,
    forget() {
      for (const file of [blocked, closed]) rmSync(file, { force: true });
    },
  };
}
