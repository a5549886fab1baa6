/** Which failed requests each preset resends, and how often. */

import { describe, it } from "node:test";
import { assertEquals } from "@std/assert";
import { type FailedAttempt, type PoolOptions, presets, type RetryRule } from "../../mod.ts";
import { isIdempotent, MOST_RESENDS, resendReason } from "../../src/rules/retry.ts";

/** A request that was written in full to a reused connection, which then ended without a response. */
function stale(method: string, changes: Partial<FailedAttempt> = {}): FailedAttempt {
  const repeatable = isIdempotent(method);
  const facts = { sent: "full", reused: true, responded: false, replayable: true, resendCount: 0 } as const;
  return { ...facts, method, repeatable, ...changes };
}

/** How often a request that always fails in the same way is resent. */
function times({ retry = true }: PoolOptions, attempt: FailedAttempt): number {
  let resendCount = 0;
  while (resendReason({ ...attempt, resendCount }, retry) !== undefined) resendCount += 1;
  return resendCount;
}

const fresh = { reused: false } as const;
const timedOut = { responded: true, status: 408 } as const;

const columns = {
  "stale GET": stale("GET"),
  "stale PUT": stale("PUT"),
  "stale POST": stale("POST"),
  "POST half written": stale("POST", { sent: "partial" }),
  "POST with a key": stale("POST", { repeatable: true }),
  "fresh GET": stale("GET", fresh),
  "fresh POST": stale("POST", fresh),
  "unsent POST": stale("POST", { sent: "none" }),
  "408 for a POST": stale("POST", timedOut),
};

const rows: Readonly<Record<string, readonly [PoolOptions, ...number[]]>> = {
  // stale GET, PUT, POST, POST half written, POST with a key, fresh GET, fresh POST, unsent POST, 408 for a POST
  "Holdfast itself": [{}, 1, 1, 0, 0, 1, 0, 0, 1, 0],
  reqwest: [presets.reqwest(), 0, 0, 0, 0, 0, 0, 0, 5, 0],
  "HttpClient 4": [presets.apacheHttpClient4(), 3, 0, 0, 3, 0, 3, 0, 3, 0],
  "HttpClient 5": [presets.apacheHttpClient5(), 1, 1, 0, 0, 0, 1, 0, 0, 0],
  JDK: [presets.jdk(), 1, 1, 1, 1, 1, 1, 1, 1, 0],
  "JDK without retryPost": [presets.jdk({ retryPost: false }), 1, 1, 0, 0, 0, 1, 0, 0, 0],
  "java.net.http": [presets.jdkHttpClient(), 4, 0, 0, 0, 0, 0, 0, 0, 0],
  "java.net.http 17": [presets.jdkHttpClient({ version: "17.0.15" }), 1, 0, 0, 0, 0, 1, 0, 0, 0],
  Chrome: [presets.chrome(), 5, 5, 5, 5, 5, 0, 0, 5, 5],
  "Node Agent": [presets.nodeAgent(), 0, 0, 0, 0, 0, 0, 0, 0, 0],
  undici: [presets.undici(), 0, 0, 0, 0, 0, 0, 0, 0, 0],
  Go: [presets.go(), 5, 0, 0, 0, 5, 0, 0, 5, 0],
  OkHttp: [presets.okHttp(), 5, 5, 5, 5, 5, 0, 0, 5, 5],
  "OkHttp without retries": [presets.okHttp({ retryOnConnectionFailure: false }), 0, 0, 0, 0, 0, 0, 0, 0, 0],
  curl: [presets.curl(), 5, 5, 5, 5, 5, 0, 0, 5, 0],
  "Deno 2.9.6": [presets.denoFetch(), 1, 1, 1, 1, 1, 0, 0, 1, 0],
  "Deno 2.8": [presets.denoFetch({ version: "2.8.0" }), 1, 1, 1, 1, 1, 1, 1, 1, 0],
  "Deno 2.7": [presets.denoFetch({ version: "2.7.9" }), 0, 0, 0, 0, 0, 0, 0, 5, 0],
  Bun: [presets.bunFetch(), 1, 1, 0, 0, 0, 0, 0, 0, 0],
  "nginx as a client": [presets.nginxUpstream(), 5, 5, 0, 0, 0, 0, 0, 5, 0],
};

describe("a failed request is resent", () => {
  for (const [name, [preset, ...expected]] of Object.entries(rows)) {
    it(`by ${name}`, () => {
      const found = Object.values(columns).map((attempt) => times(preset, attempt));
      assertEquals(found, expected, Object.keys(columns).join(", "));
    });
  }

  it("never without its body and never after part of a response, whatever a preset says", () => {
    for (const [name, [preset]] of Object.entries(rows)) {
      assertEquals(times(preset, stale("GET", { replayable: false })), 0, name);
      assertEquals(times(preset, stale("GET", { responded: true })), 0, name);
    }
  });
});

describe("a custom retry rule", () => {
  const always: RetryRule = () => true;

  it("that always returns true is asked a few times only", () => {
    assertEquals(times({ retry: always }, stale("POST")), MOST_RESENDS);
  });

  it("gets the standard reason where there is one", () => {
    assertEquals(resendReason(stale("GET"), always), "stale-connection");
    assertEquals(resendReason(stale("POST", { sent: "none" }), always), "not-sent");
    assertEquals(resendReason(stale("POST"), always), "retry-rule");
    assertEquals(resendReason(stale("POST", timedOut), always), "retry-rule");
  });

  it("counts as no if it throws or returns anything but true", () => {
    const throwing: RetryRule = () => {
      throw new Error("no");
    };
    const vague = (() => "yes") as unknown as RetryRule;
    for (const rule of [throwing, vague]) assertEquals(resendReason(stale("GET"), rule), undefined);
  });
});
