/** Marks: files by which a server script and a child with a blocked event loop signal each other. */

import { rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

export interface Marks {
  /** Exists once the child's event loop is blocked. */
  readonly blocked: string;
  /** Exists once the server has closed. */
  readonly closed: string;
  forget(): void;
}

/** The marks of the scenario with this port. */
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
