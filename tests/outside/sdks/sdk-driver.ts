/** SDK driver: what a package looks like to this suite that takes an agent or a dispatcher. A file of `drivers/` exports one. */

import type { Agent } from "node:http";
import type { Pool } from "@holdfast/pool";
import type { Client, Driver } from "../driver.ts";

/** What a client is made with. In the column of the package's own connections there is no pool. */
export interface Means {
  readonly url: string;
  /** The pool's, or a plain one with `keepAlive: true`. */
  readonly agent: Agent;
  readonly pool: Pool | undefined;
}

/** One package. */
export interface SdkDriver extends Omit<Driver, "connect"> {
  connect(means: Means): Promise<Client>;
}
