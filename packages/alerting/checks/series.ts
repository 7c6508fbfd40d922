import { type CheckResult, checkStates, type Labels } from "@havn/model";
import type { Measure, Range } from "../probes/measure.ts";
import { inBaseUnit } from "../probes/plugin/performance.ts";

/** As much of a run as becomes series. */
interface Measured {
  spec: { name: string; address: string; labels: Labels; probe: { kind: string } };
  result: Pick<CheckResult, "state" | "hardState" | "durationMs" | "flapPercent" | "flapping">;
  attempt: { measures?: readonly Measure[] | undefined };
  lateMs: number;
}

export interface CheckSample {
  name: string;
  labels: Labels;
  value: number;
}

/** A plugin that counts its rows in performance data must not fill the store. */
const mostMeasures = 200;

/** What a run of a check becomes in PromQL. `labels` are those of whoever ran it. */
export function samplesOf({ spec, result, attempt, lateMs }: Measured, labels: Labels): CheckSample[] {
  const own: Labels = {
    ...spec.labels,
    ...labels,
    ...{ job: "havn-check", check: spec.name, resource: spec.address, kind: spec.probe.kind },
  };
  const sample = (name: string, value: number, more?: Labels): CheckSample => ({
    name: `havn_check_${name}`,
    labels: more ? { ...own, ...more } : own,
    value,
  });
  return [
    sample("state", checkStates.indexOf(result.state)),
    sample("hard_state", checkStates.indexOf(result.hardState)),
    sample("duration_seconds", result.durationMs / 1000),
    sample("latency_seconds", lateMs / 1000),
    ...(result.flapPercent > 0 || result.flapping
      ? [sample("flap_percent", result.flapPercent), sample("flapping", result.flapping ? 1 : 0)]
      : []),
    ...(attempt.measures ?? []).slice(0, mostMeasures).flatMap((measure) =>
      measureSamples(inBaseUnit(measure)).map(({ name, value, more }) =>
        sample(name, value, {
          label: measure.label,
          ...(more.unit !== "" && { unit: more.unit }),
          ...more.limit,
        }),
      ),
    ),
  ];
}

interface Part {
  name: string;
  value: number;
  more: { unit: string; limit?: Labels };
}

function measureSamples({ value, unit, warning, critical, minimum, maximum }: Measure): Part[] {
  const part = (name: string, of: number | undefined, limit?: Labels): Part[] =>
    of === undefined || !Number.isFinite(of)
      ? []
      : [{ name, value: of, more: { unit, ...(limit && { limit }) } }];
  const range = (name: string, of: Range | undefined): Part[] =>
    of === undefined
      ? []
      : [...part(name, of.start, { bound: "lower" }), ...part(name, of.end, { bound: "upper" })];
  return [
    ...part("value", value),
    ...range("value_warning", warning),
    ...range("value_critical", critical),
    ...part("value_min", minimum),
    ...part("value_max", maximum),
  ];
}
