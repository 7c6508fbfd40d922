import assert from "node:assert/strict";
import { test } from "node:test";
import type { Apply } from "@havn/model";
import { createOwnMetrics, formatMetrics } from "./own-metrics.ts";

const ended: Apply = {
  ...{ id: "a", environment: "shop", kind: "apply", state: "succeeded", actor: "user:x" },
  ...{ startedAt: 1000, endedAt: 3500 },
  steps: [
    { address: "shop/file/a", action: "update", state: "done", outcome: "changed" },
    { address: "shop/file/b", action: "update", state: "done", outcome: "unchanged" },
    { address: "shop/file/c", action: "update", state: "failed" },
  ],
};

test("an apply is counted once, when it has ended", () => {
  const metrics = createOwnMetrics();
  const { endedAt: _, ...running } = ended;
  metrics.applied({ ...running, state: "running" });
  assert.deepEqual(metrics.samples(), []);
  metrics.applied(ended);
  metrics.applied(ended);
  assert.equal(
    formatMetrics(metrics.samples()),
    `# HELP havn_applies_total Applies that ended, by kind and by how they ended.
# TYPE havn_applies_total counter
havn_applies_total{env="shop",kind="apply",state="succeeded"} 1
# HELP havn_apply_duration_seconds_sum How long applies took, together.
# TYPE havn_apply_duration_seconds_sum counter
havn_apply_duration_seconds_sum{env="shop",kind="apply"} 2.5
# HELP havn_apply_duration_seconds_count Applies whose duration was measured.
# TYPE havn_apply_duration_seconds_count counter
havn_apply_duration_seconds_count{env="shop",kind="apply"} 1
# HELP havn_apply_resources_total Resources of applies that ended, by what became of them.
# TYPE havn_apply_resources_total counter
havn_apply_resources_total{env="shop",kind="apply",outcome="changed"} 1
havn_apply_resources_total{env="shop",kind="apply",outcome="unchanged"} 1
havn_apply_resources_total{env="shop",kind="apply",outcome="failed"} 1
`,
  );
});
