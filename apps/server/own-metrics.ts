import { defineRoute, RawResponse, type Route } from "@havn/http";
import type { Apply } from "@havn/model";
import { z } from "zod";

/** What the control plane counts of itself since it started, in the words of Prometheus. */
export interface OwnMetrics {
  /** Of an apply that has changed; counted once, when it has ended. */
  applied(apply: Apply): void;
  /** All counters as they stand. */
  samples(): Sample[];
  /** GET /metrics, for other Prometheus servers. */
  route: Route;
}

export interface Sample {
  name: string;
  labels: Readonly<Record<string, string>>;
  value: number;
}

const help = {
  havn_applies_total: "Applies that ended, by kind and by how they ended.",
  havn_apply_resources_total: "Resources of applies that ended, by what became of them.",
  havn_apply_duration_seconds_sum: "How long applies took, together.",
  havn_apply_duration_seconds_count: "Applies whose duration was measured.",
} as const;
type Name = keyof typeof help;

const remembered = 1000;

export function createOwnMetrics(): OwnMetrics {
  const counters = new Map<string, Sample>();
  const counted = new Set<string>();

  function add(name: Name, labels: Sample["labels"], value: number): void {
    const key = `${name}${formatLabels(labels)}`;
    const found = counters.get(key) ?? { name, labels, value: 0 };
    found.value += value;
    counters.set(key, found);
  }

  return {
    applied({ id, environment: env, kind, state, startedAt, endedAt, steps }) {
      if (endedAt === undefined || counted.has(id)) return;
      const [oldest] = counted;
      if (counted.size >= remembered && oldest !== undefined) counted.delete(oldest);
      counted.add(id);
      add("havn_applies_total", { env, kind, state }, 1);
      add("havn_apply_duration_seconds_sum", { env, kind }, (endedAt - startedAt) / 1000);
      add("havn_apply_duration_seconds_count", { env, kind }, 1);
      for (const step of steps) {
        const outcome = step.state === "done" ? (step.outcome ?? "changed") : step.state;
        add("havn_apply_resources_total", { env, kind, outcome }, 1);
      }
    },
    samples: () => [...counters.values()],
    route: defineRoute({
      method: "GET",
      path: "/metrics",
      summary: "What the control plane counts of itself, for a Prometheus to scrape",
      access: { action: "metric:read" },
      response: z.unknown(),
      handle: () =>
        new RawResponse(formatMetrics([...counters.values()]), {
          "content-type": "text/plain; version=0.0.4; charset=utf-8",
        }),
    }),
  };
}

interface Refusing {
  refusedSeries(): readonly { environment: string; job: string; instance: string; refused: number }[];
  refusedSamples(): readonly { environment: string; reason: string; refused: number }[];
}

/** What the store did not take: new series by the target that brought them, the rest by reason. */
export const refusedSamplesOf = (store: Refusing): Sample[] => [
  ...store.refusedSeries().map(({ environment: env, job, instance, refused }) => ({
    name: "havn_new_series_refused_total",
    labels: { ...(env && { env }), job, instance },
    value: refused,
  })),
  ...store.refusedSamples().map(({ environment: env, reason, refused }) => ({
    name: "havn_refused_samples_total",
    labels: { ...(env && { env }), reason },
    value: refused,
  })),
];

/** Prometheus' text format, version 0.0.4. */
export function formatMetrics(samples: readonly Sample[]): string {
  const byName = Map.groupBy(samples, ({ name }) => name as Name);
  return [...byName]
    .flatMap(([name, group]) => [
      `# HELP ${name} ${help[name]}`,
      `# TYPE ${name} counter`,
      ...group.map(({ labels, value }) => `${name}${formatLabels(labels)} ${value}`),
    ])
    .map((line) => `${line}\n`)
    .join("");
}

const formatLabels = (labels: Sample["labels"]): string =>
  `{${Object.entries(labels)
    .map(([label, value]) => `${label}="${value.replace(/[\\"]/g, "\\$&").replaceAll("\n", "\\n")}"`)
    .join(",")}}`;
