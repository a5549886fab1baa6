/** Regressions: what the frame fuzzer has found, by what was wrong. `main.ts` prints samples that can be put here. */

import * as f from "../../http2/frame-text.ts";
import type { FrameSample, Plan } from "./generate.ts";

const TOO_LONG: readonly number[] = [
  ...f.settings(),
  ...f.head(1, 200, [["content-length", "5"]]),
  ...f.data(1, "longer"),
];

const GET: Plan = { method: "GET", pieces: [], trailers: undefined, leavesAfter: Infinity };

export const FOUND: Readonly<Record<string, FrameSample>> = {
  "a body that is longer than its content-length": { plans: [GET], bytes: TOO_LONG },
  "the same, whose reader leaves at its first bytes": {
    plans: [{ ...GET, leavesAfter: 0 }],
    bytes: TOO_LONG,
  },
};
