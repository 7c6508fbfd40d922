import assert from "node:assert/strict";
import { test } from "node:test";
import { labelName, labelsOf, metricName } from "./names.ts";

test("metric names as Prometheus translates them", () => {
  const cases: [string, string, "gauge" | "counter" | "other", string][] = [
    ["http.server.duration", "s", "other", "http_server_duration_seconds"],
    ["system.memory.usage", "By", "gauge", "system_memory_usage_bytes"],
    ["memory_bytes", "By", "gauge", "memory_bytes"],
    ["requests", "{request}", "counter", "requests_total"],
    ["requests_total", "", "counter", "requests_total"],
    ["net.io", "By/s", "gauge", "net_io_bytes_per_second"],
    ["fill", "1", "gauge", "fill_ratio"],
    ["hits", "1", "counter", "hits_total"],
    ["5xx", "", "other", "_5xx"],
    ["a..b--c", "", "other", "a_b_c"],
  ];
  for (const [name, unit, type, expected] of cases) assert.equal(metricName(name, unit, type), expected);
});

test("label names, and values of names that fall together", () => {
  assert.deepEqual(["a.b", "1a", "_x", "__y"].map(labelName), ["a_b", "key_1a", "key_x", "__y"]);
  const attributes = [
    { key: "a_b", value: { stringValue: "2" } },
    { key: "a.b", value: { intValue: 1n } },
    { key: "list", value: { arrayValue: { values: [{ stringValue: "x" }, { boolValue: true }] } } },
  ];
  assert.deepEqual(
    [...labelsOf(attributes)],
    [
      ["a_b", "1;2"],
      ["list", '["x",true]'],
    ],
  );
});
