/** What Debian's node exporter says of this computer, scraped once a second: real series with real values. */
import { spawn } from "node:child_process";
import { once } from "node:events";
import { systemClock as clock, type Labels } from "@havn/model";
import type { Shape } from "@havn/telemetry/testing";
import { freePort, until } from "@havn/testkit";

export interface Scraped {
  series: number;
  rounds: number;
  /** Values of each scrape; those of times are the benchmark's own. */
  shape: Shape;
}

export async function scrapeNodeExporter(rounds: number): Promise<Scraped> {
  const port = await freePort();
  const exporter = spawn("prometheus-node-exporter", [`--web.listen-address=127.0.0.1:${port}`], {
    stdio: "ignore",
  });
  const url = `http://127.0.0.1:${port}/metrics`;
  try {
    await until(
      () =>
        fetch(url).then(
          (answer) => answer.ok,
          () => false,
        ),
      { what: "the exporter" },
    );
    const labels: Labels[] = [];
    const values: Map<string, number>[] = [];
    const known = new Map<string, number>();
    for (let round = 0; round < rounds; round++) {
      const own = new Map<string, number>();
      for (const [, key = "", value = ""] of (await (await fetch(url)).text()).matchAll(
        /^([a-z].*) (\S+)$/gim,
      )) {
        own.set(key, Number(value.replace("Inf", "Infinity")));
        if (known.has(key)) continue;
        known.set(key, labels.length);
        labels.push(labelsOf(key));
      }
      values.push(own);
      await clock.sleep(1000);
    }
    const keys = [...known.keys()];
    // A series that is not in a scrape keeps its last value: requests of this benchmark are of one size.
    const value = (series: number, round: number): number => {
      for (let at = round; at >= 0; at--) {
        const found = values[at]?.get(keys[series] ?? "");
        if (found !== undefined) return found;
      }
      return 0;
    };
    return { series: labels.length, rounds, shape: { labels: (series) => labels[series] ?? {}, value } };
  } finally {
    const ended = once(exporter, "exit");
    exporter.kill();
    await ended;
  }
}

function labelsOf(key: string): Labels {
  const [, name = "", inside = ""] = /^([^{]+)(?:\{(.*)\})?$/.exec(key) ?? [];
  const labels: Record<string, string> = { __name__: name, instance: "127.0.0.1:9100", job: "node" };
  for (const [, label = "", value = ""] of inside.matchAll(/([a-zA-Z_]\w*)="((?:[^"\\]|\\.)*)"/g))
    labels[label] = value;
  return labels;
}
