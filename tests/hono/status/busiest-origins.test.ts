/** The status page of a pool with thousands of origins: bounded in size, with correct sums. */

import { after, before, describe, it } from "node:test";
import { assert, assertEquals } from "@std/assert";
import parse from "parse-prometheus-text-format";
import { Page, watched } from "../support/status-page.ts";

const ORIGINS = 3000;
const STATUSES = [200, 204, 404, 500] as const;

/** A pool that has sent one request to each origin, and several to the busiest one at the end. */
async function busy() {
  let asked = 0;
  const world = watched({}, () => {
    asked += 1;
    return { status: STATUSES[asked % STATUSES.length] ?? 200, body: "" };
  });
  for (let at = 0; at < ORIGINS; at++) await world.get(`http://o${at}.test`);
  for (let at = 0; at < 5; at++) await world.get("http://busiest.test");
  return world;
}

interface Counted {
  readonly requests: number;
  readonly open: number;
  readonly opened: number;
  readonly retired: Readonly<Record<string, number>>;
}

describe("the status page of a pool with 3,000 origins", () => {
  /** All look at the same pool, which takes a second to fill. */
  let world: Awaited<ReturnType<typeof busy>>;
  before(async () => {
    world = await busy();
  });
  after(() => world.pool.close());

  it("lists the busiest origins in /stats, and sums up the others", async () => {
    const { app, pool } = world;
    const text = await (await app.request("/_pool/stats")).text();
    const stats: Counted & { origins: Record<string, Counted> } = JSON.parse(text);
    assert(text.length < 64 * 1024, `${text.length} characters`);
    const listed = Object.entries(stats.origins);
    assertEquals([listed.length, listed.at(-1)?.[0]], [101, "other"]);
    assertEquals(stats.origins["http://busiest.test"]?.requests, 5);
    const whole = pool.stats();
    for (const count of ["requests", "open", "opened"] as const) {
      const sum = listed.reduce((total, [, counts]) => total + counts[count], 0);
      const expected = Object.values(whole.origins).reduce((total, counts) => total + counts[count], 0);
      assertEquals([sum, stats[count]], [expected, whole[count]], count);
    }
  });

  it("gives a hundred origins their own labels in /metrics, and sums up the others", async () => {
    const { app, pool } = world;
    const text = await (await app.request("/_pool/metrics")).text();
    assert(text.length < 1024 * 1024, `${text.length} characters`);
    const families = parse(text);
    const named = (name: string) => families.find((family) => family.name === name)?.metrics ?? [];
    const durations = [...text.matchAll(/^http_client_request_duration_seconds_count\{(.*)\} (\d+)$/gm)];
    assertEquals(
      durations.reduce((total, [, , count]) => total + Number(count), 0),
      ORIGINS + 5,
    );
    const addresses = new Set(
      durations.map(([, labels = ""]) => /server_address="([^"]*)"/.exec(labels)?.[1]),
    );
    assertEquals([addresses.size, addresses.has("other")], [101, true]);
    const open = named("http_client_open_connections");
    const seen = new Set(open.map(({ labels }) => JSON.stringify(labels)));
    assertEquals(seen.size, open.length, "each series occurs once");
    assertEquals(
      open.reduce((total, { value }) => total + Number(value), 0),
      pool.stats().open,
    );
    assertEquals(
      named("http_client_active_requests")
        .map(({ value }) => value)
        .filter((value) => value !== "0"),
      [],
    );
  });

  it("sends a page a bounded number of lanes and origins", async () => {
    const { app } = world;
    const page = await Page.open(app);
    const { data } = await page.read();
    assertEquals([data.origins?.length, data.originCount], [100, ORIGINS + 1]);
    assert(data.lanes.length <= 2000, `${data.lanes.length} lanes`);
    assert(JSON.stringify(data).length < 1024 * 1024);
    await page.leave();
  });
});
