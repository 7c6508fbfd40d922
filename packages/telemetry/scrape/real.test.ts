import assert from "node:assert/strict";
import { test } from "node:test";
import { type Labels, systemClock } from "@havn/model";
import { type ScrapeProtocol, scrapeProperties } from "@havn/prometheus";
import { until } from "@havn/testkit";
import { startPrometheus } from "../testing/prometheus.ts";
import { labelsText } from "../testing/text.ts";
import { Connection } from "./fetch.ts";
import { jobOf, planTarget } from "./plan.ts";
import { newState, scrapeTarget } from "./target.ts";

/** The series that one scrape gives, by name and labels, with the type that the target says a metric has. */
async function scrapeOnce(url: string, protocol: ScrapeProtocol) {
  const config = scrapeProperties.parse({
    job_name: "p",
    scrape_protocols: [protocol],
    scrape_interval: "1s",
  });
  const planned = planTarget(jobOf(config), { __address__: new URL(url).host });
  assert.ok(planned.kind === "active");
  const stop = new AbortController();
  const [state, connection] = [newState(), new Connection()];
  const series = new Set<string>();
  const types = new Map<string, string>();
  await scrapeTarget(
    { ...planned.target, timeout: 30_000 },
    {
      ...{ clock: systemClock, connection, state, signal: stop.signal },
      write(fill) {
        const add = (labels: Labels) => series.add(labelsText(labels));
        if (!stop.signal.aborted)
          fill({
            add,
            addStale: () => {},
            metadata: ({ name, type }) => types.set(name.replace(/_total$/, ""), type),
          });
        stop.abort();
      },
    },
  );
  connection.close();
  assert.equal(state.lastError, "");
  return { series, types };
}

test("Debian's Prometheus tells the same in every form", { timeout: 600_000 }, async () => {
  await using prometheus = await startPrometheus(() => "{}");
  let last: string[] = [];
  for (const protocol of ["OpenMetricsText0.0.1", "PrometheusProto"] as const) {
    // What it counts for the first time between two scrapes stands in the later one only.
    const [text, other] = await until(
      async () => {
        const both = [
          await scrapeOnce(prometheus.url, "PrometheusText0.0.4"),
          await scrapeOnce(prometheus.url, protocol),
        ] as const;
        last = [...both[0].series.symmetricDifference(both[1].series)];
        return last.length === 0 && both;
      },
      { what: "the same series in both forms" },
    ).catch((error: Error) => assert.fail(`${error.message}: ${last.join(", ")}`));
    assert.ok(text.series.size > 300, `${text.series.size} series`);
    assert.deepEqual(
      [...text.types].filter(([name, type]) => other.types.get(name) !== type && type !== "unknown"),
      [],
    );
  }
});
