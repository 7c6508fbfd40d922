import type { EnvironmentStatus, ResourceGraph } from "@havn/model";
import { useMemo, useRef } from "preact/hooks";
import { useFormats, useMessages } from "../../kit/context.ts";
import { quoted, useValues } from "../../kit/prometheus.ts";
import { Icon } from "../../ui/icon.tsx";
import { instanceLabel } from "../../ui/instances.tsx";
import { HostCard } from "./host-card.tsx";
import { type PlacedEdge, usePlacedEdges } from "./place-edges.ts";
import { layOut, type MapEdge } from "./tiers.ts";

export interface Traffic {
  /** Requests a second and mean seconds, by `host:port`. */
  rates: Map<string, number> | undefined;
  latencies: Map<string, number> | undefined;
  /** Shares of the whole, by host. */
  cpu: Map<string, number> | undefined;
  memory: Map<string, number> | undefined;
}

/** The environment as its hosts stand to each other, with the traffic of this moment. */
export function Diagram({ status, graph }: { status: EnvironmentStatus; graph: ResourceGraph | undefined }) {
  const messages = useMessages().map;
  const traffic = useTraffic(status.environment);
  const model = useMemo(() => layOut(status, graph), [status, graph]);
  const frame = useRef<HTMLDivElement>(null);
  const placed = usePlacedEdges(frame, model.edges);
  return (
    <section class="map" aria-label={messages.diagram}>
      <div class="map-frame" ref={frame}>
        <svg class="edges" aria-hidden="true">
          {placed.map((one) => (
            <g key={`${one.edge.from} ${one.edge.to}`} class={edgeClass(one.edge, traffic)}>
              <path d={one.path} />
              <path class="motion" d={one.path} />
            </g>
          ))}
        </svg>
        {placed.map((one) => (
          <EdgeLabel key={`${one.edge.from} ${one.edge.to}`} placed={one} traffic={traffic} />
        ))}
        <div class="tier">
          <div class="clients" data-node="clients">
            <Icon name="clients" size={22} />
            <span>{messages.clients}</span>
          </div>
        </div>
        {model.tiers.map((tier) => (
          <div class="tier" key={tier[0]?.host.name}>
            {tier.map((one) => (
              <HostCard key={one.host.name} environment={status.environment} entry={one} traffic={traffic} />
            ))}
          </div>
        ))}
      </div>
    </section>
  );
}

function useTraffic(environment: string): Traffic {
  const env = `env=${quoted(environment)}`;
  return {
    rates: useValues(`sum by (instance) (rate(http_requests_total{${env}}[30s]))`, "instance"),
    latencies: useValues(
      `sum by (instance) (rate(http_request_duration_seconds_sum{${env}}[30s]))` +
        ` / sum by (instance) (rate(http_request_duration_seconds_count{${env}}[30s]))`,
      "instance",
    ),
    cpu: useValues(`1 - avg by (host) (rate(node_cpu_seconds_total{mode="idle",${env}}[30s]))`, "host"),
    memory: useValues(
      `1 - sum by (host) (node_memory_MemAvailable_bytes{${env}}) / sum by (host) (node_memory_MemTotal_bytes{${env}})`,
      "host",
    ),
  };
}

/** Requests a second over an edge and their mean time; undefined where nothing was measured. */
function flowOf(
  edge: MapEdge,
  { rates, latencies }: Traffic,
): { rate: number; latency: number | undefined } | undefined {
  let rate = 0;
  let weighted = 0;
  let known = false;
  for (const instance of edge.carries) {
    const one = rates?.get(instanceLabel(instance));
    if (one === undefined || !Number.isFinite(one)) continue;
    known = true;
    rate += one;
    weighted += one * (latencies?.get(instanceLabel(instance)) || 0);
  }
  if (!known) return undefined;
  return { rate, latency: rate > 0 && weighted > 0 ? weighted / rate : undefined };
}

function edgeClass(edge: MapEdge, traffic: Traffic): string {
  const flow = flowOf(edge, traffic);
  if (edge.carries.length === 0) return "edge dependency";
  if (!edge.well) return "edge broken";
  return flow && flow.rate > 0.05 ? "edge flowing" : "edge";
}

function EdgeLabel({ placed: { edge, x, y, labelled }, traffic }: { placed: PlacedEdge; traffic: Traffic }) {
  const formats = useFormats();
  const flow = flowOf(edge, traffic);
  if (!labelled || !flow) return null;
  return (
    <div class="edge-label" style={{ left: `${x}px`, top: `${y}px` }}>
      <b>{formats.perSecond(flow.rate)}</b>
      {flow.latency !== undefined && <span>{formats.seconds(flow.latency)}</span>}
    </div>
  );
}
