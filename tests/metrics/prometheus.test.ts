/** Prometheus: an independent parser reads the text back. */

import { describe, it } from "node:test";
import { assert, assertEquals, assertMatch } from "@std/assert";
import parse from "parse-prometheus-text-format";
import { observe } from "../../src/metrics/observe.ts";
import { PrometheusMeter } from "../../src/metrics/prometheus.ts";
import { service } from "../support/service.ts";

const options = { description: "What it is.", unit: "{thing}" };
const timed = { description: "How long.", unit: "s", advice: { explicitBucketBoundaries: [0.1, 1] } };

describe("the text of a Prometheus meter", () => {
  it("names counters, gauges and histograms as OpenTelemetry's specification derives them", () => {
    const meter = new PrometheusMeter();
    meter.createCounter("a.b", options).add(2, { "c.d": "e" });
    meter.createUpDownCounter("f", options).add(-1, {});
    meter.createHistogram("g", timed).record(0.5, {});
    meter.createObservableUpDownCounter("h", options).addCallback(({ observe }) => observe(7, { i: 1 }));
    assertEquals(parse(meter.text()), [
      {
        name: "a_b_total",
        help: "What it is.",
        type: "COUNTER",
        metrics: [{ value: "2", labels: { c_d: "e" } }],
      },
      { name: "f", help: "What it is.", type: "GAUGE", metrics: [{ value: "-1" }] },
      {
        name: "g_seconds",
        help: "How long.",
        type: "HISTOGRAM",
        metrics: [{ buckets: { "0.1": "0", "1": "1", "+Inf": "1" }, count: "1", sum: "0.5" }],
      },
      { name: "h", help: "What it is.", type: "GAUGE", metrics: [{ value: "7", labels: { i: "1" } }] },
    ]);
  });

  it("puts a value into the bucket whose bound it equals, and adds buckets up", () => {
    const meter = new PrometheusMeter();
    const histogram = meter.createHistogram("g", timed);
    for (const value of [0.1, 0.2, 1, 3]) histogram.record(value, {});
    const [family] = parse(meter.text());
    assertEquals(family?.metrics[0]?.buckets, { "0.1": "1", "1": "3", "+Inf": "4" });
  });

  it("has one series per set of labels, whether it is the same object or an equal one", () => {
    const meter = new PrometheusMeter();
    const counter = meter.createCounter("a", options);
    counter.add(1, { b: "1" });
    counter.add(1, { b: "1" });
    counter.add(1, { b: "2" });
    const [family] = parse(meter.text());
    assertEquals(
      family?.metrics.map(({ value }) => value),
      ["2", "1"],
    );
  });

  it("escapes characters that would break a line or a label", () => {
    const meter = new PrometheusMeter();
    meter.createCounter("a", { unit: "1", description: "back\\slash\nline" }).add(1, { b: 'quo"te\\\n' });
    const text = meter.text();
    assertEquals(text.split("\n").length, 4);
    assert(text.includes('a_total{b="quo\\"te\\\\\\n"} 1'), text);
    assert(text.includes("# HELP a_total back\\\\slash\\nline"), text);
  });

  it("has at most 2,000 series of one instrument, and one for the rest", () => {
    const meter = new PrometheusMeter();
    const counter = meter.createCounter("a", options);
    for (let at = 0; at < 3000; at++) counter.add(1, { at });
    const [family] = parse(meter.text());
    assertEquals(family?.metrics.length, 2001);
    assertEquals(family?.metrics.at(-1), { value: "1000", labels: { otel_metric_overflow: "true" } });
  });

  it("of a pool has every instrument, and of requests only method and status", async () => {
    const { pool } = service({}, () => ({ status: 404 }));
    const meter = new PrometheusMeter();
    observe(pool, meter);
    const headers = { Authorization: "Bearer secret-token" };
    await (await pool.request("http://a.test/secret/path?key=secret", { headers })).text();
    pool.drain();
    const families = parse(meter.text()).map(({ name }) => name);
    assertEquals(families.sort(), [
      "holdfast_client_queued_requests",
      "holdfast_client_resent_requests_total",
      "holdfast_client_retired_connections_total",
      "http_client_active_requests",
      "http_client_connection_duration_seconds",
      "http_client_open_connections",
      "http_client_request_duration_seconds",
      "http_client_request_time_in_queue_seconds",
    ]);
    assert(!meter.text().includes("secret"));
    assertMatch(
      meter.text(),
      /^http_client_request_duration_seconds_count\{server_address="a.test",server_port="80",http_request_method="GET",http_response_status_code="404",network_protocol_version="1.1",error_type="404"\} 1$/m,
    );
  });
});
