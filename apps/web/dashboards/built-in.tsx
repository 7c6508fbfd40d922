import type { DashboardPanel, DashboardProperties } from "@havn/model";
import { useMemo, useRef, useState } from "preact/hooks";
import type { Messages } from "../i18n/index.ts";
import { useMessages } from "../kit/context.ts";
import { useShortcuts } from "../kit/keyboard.ts";
import { quoted } from "../kit/prometheus.ts";
import { navigate } from "../kit/router.ts";
import { moved, RangeBar, widened } from "../metrics/range-bar.tsx";
import { Board, useNow } from "./board.tsx";
import { type BoardState, parseBoardState, writeBoardState } from "./state.ts";
import { type DashboardTexts, useDashboardTexts } from "./texts.ts";
import type { VariablesState } from "./use-variables.ts";

export interface BuiltInProps {
  kind: "host" | "service";
  environment: string;
  name: string;
  query: URLSearchParams;
}

const none: VariablesState = { variables: new Map(), options: new Map(), failure: undefined };

/** How a host or a service fares: a dashboard that nobody needs to make. What is seen of it stands in the address. */
export default function BuiltIn({ kind, environment, name, query }: BuiltInProps) {
  const texts = useDashboardTexts();
  const messages = useMessages();
  const dashboard = useMemo(
    () =>
      kind === "host"
        ? hostBoard({ environment, name }, { own: texts.own, host: messages.host })
        : serviceBoard({ environment, name }, messages),
    [kind, environment, name, texts, messages],
  );
  const written = query.toString();
  const state = useMemo(() => parseBoardState(query, dashboard), [written, dashboard]);
  const { now, look } = useNow(state.time.kind === "last" ? state.refresh : 0);
  const [, setRound] = useState(0);
  const latest = useRef(state);
  latest.current = state;
  const go = (change: Partial<BoardState>) => {
    const search = writeBoardState({ ...latest.current, ...change }, dashboard).toString();
    look();
    navigate(search === "" ? location.pathname : `${location.pathname}?${search}`);
  };
  const shortcuts = useMemo(
    () => ({
      "[": () => go({ time: moved(latest.current.time, -0.5) }),
      "]": () => go({ time: moved(latest.current.time, 0.5) }),
      "-": () => go({ time: widened(latest.current.time) }),
    }),
    [],
  );
  useShortcuts(shortcuts);
  return (
    <div class="dashboard built-in">
      <div class="built-in-head">
        {state.panel !== undefined && (
          <button type="button" class="button small" onClick={() => go({ panel: undefined })}>
            ← {texts.smaller}
          </button>
        )}
        <RangeBar
          time={state.time}
          onTime={(time) => go({ time })}
          refresh={state.refresh}
          onRefresh={(refresh) => go({ refresh })}
        />
      </div>
      <Board
        {...{ dashboard, environment, state, now, go }}
        variables={none}
        retry={() => setRound((before) => before + 1)}
      />
    </div>
  );
}

interface At {
  environment: string;
  name: string;
}

const overTime = (panel: Partial<DashboardPanel>): DashboardPanel => ({
  ...{ kind: "timeseries", title: "", width: 12, height: 7 },
  ...panel,
});
const board = (panels: DashboardPanel[]): DashboardProperties => ({ range: "15m", refresh: "10s", panels });

/** From the metrics of its agent, under node_exporter's names. */
function hostBoard(
  { environment, name }: At,
  { own, host }: Pick<DashboardTexts, "own"> & Pick<Messages, "host">,
): DashboardProperties {
  const at = `host=${quoted(name)},env=${quoted(environment)}`;
  const real = `fstype!~"tmpfs|overlay|squashfs|ramfs|iso9660"`;
  return board([
    overTime({
      ...{ title: host.cpu, unit: "ratio", stack: "normal", max: 1, width: 8 },
      queries: [
        {
          expr: `avg by (mode) (rate(node_cpu_seconds_total{mode!="idle",${at}}[$__rate_interval]))`,
          legend: "{{mode}}",
        },
      ],
    }),
    overTime({
      ...{ title: host.memory, unit: "bytes", stack: "normal", width: 8 },
      queries: [
        {
          expr: `node_memory_MemTotal_bytes{${at}} - node_memory_MemAvailable_bytes{${at}}`,
          legend: host.used,
        },
        {
          expr: `node_memory_MemAvailable_bytes{${at}} - node_memory_MemFree_bytes{${at}}`,
          legend: own.cached,
        },
        { expr: `node_memory_MemFree_bytes{${at}}`, legend: own.free },
      ],
      overrides: [{ match: { query: 2 }, color: 10, fill: 0.1 }],
    }),
    overTime({
      ...{ title: own.load, unit: "none", width: 8 },
      queries: [
        { expr: `node_load1{${at}}`, legend: own.minutes(1) },
        { expr: `node_load5{${at}}`, legend: own.minutes(5) },
        { expr: `node_load15{${at}}`, legend: own.minutes(15) },
        { expr: `count(node_cpu_seconds_total{mode="idle",${at}})`, legend: own.cores },
      ],
      overrides: [{ match: { query: 3 }, color: 10, dashed: true, fill: 0 }],
    }),
    overTime({
      ...{ title: host.network, unit: "bytes/s", width: 8 },
      queries: [
        {
          expr: `sum(rate(node_network_receive_bytes_total{device!="lo",${at}}[$__rate_interval]))`,
          legend: host.received,
        },
        {
          expr: `sum(rate(node_network_transmit_bytes_total{device!="lo",${at}}[$__rate_interval]))`,
          legend: host.sent,
        },
      ],
      fill: 0.1,
      overrides: [{ match: { query: 1 }, negative: true }],
    }),
    overTime({
      ...{ title: host.disk, unit: "bytes/s", width: 8 },
      queries: [
        { expr: `sum(rate(node_disk_read_bytes_total{${at}}[$__rate_interval]))`, legend: host.read },
        { expr: `sum(rate(node_disk_written_bytes_total{${at}}[$__rate_interval]))`, legend: host.written },
      ],
      fill: 0.1,
      overrides: [{ match: { query: 1 }, negative: true }],
    }),
    overTime({
      ...{ title: own.space, unit: "ratio", min: 0, max: 1, width: 8 },
      queries: [
        {
          expr:
            `1 - min by (mountpoint) (node_filesystem_avail_bytes{${real},${at}}` +
            ` / node_filesystem_size_bytes{${real},${at}})`,
          legend: "{{mountpoint}}",
        },
      ],
    }),
  ]);
}

/** Rate, failures and time, from a service's own HTTP metrics. */
function serviceBoard({ environment, name }: At, { service }: Messages): DashboardProperties {
  const of = `service=${quoted(name)},env=${quoted(environment)}`;
  const rate = (metric: string, more = "") => `rate(${metric}{${more}${of}}[$__rate_interval])`;
  return board([
    overTime({
      ...{ title: service.requests, unit: "requests/s", stack: "normal", width: 8 },
      queries: [{ expr: `sum by (instance) (${rate("http_requests_total")})`, legend: "{{instance}}" }],
    }),
    overTime({
      ...{ title: service.errorRate, unit: "ratio", min: 0, width: 8, fill: 0.15 },
      queries: [
        {
          // From what went well: a service that never failed has no series of failures, and that is 0, not nothing.
          expr: `1 - sum(${rate("http_requests_total", 'code!~"5..",')}) / sum(${rate("http_requests_total")})`,
          legend: service.share,
        },
      ],
      overrides: [{ match: { query: 0 }, color: 11 }],
    }),
    overTime({
      ...{ title: service.latency, unit: "seconds", min: 0, width: 8 },
      queries: [
        {
          expr:
            `sum by (instance) (${rate("http_request_duration_seconds_sum")})` +
            ` / sum by (instance) (${rate("http_request_duration_seconds_count")})`,
          legend: `{{instance}} ${service.mean}`,
        },
        {
          expr: `histogram_quantile(0.95, sum by (le) (${rate("http_request_duration_seconds_bucket")}))`,
          legend: "p95",
        },
      ],
      overrides: [{ match: { query: 1 }, dashed: true }],
    }),
  ]);
}
