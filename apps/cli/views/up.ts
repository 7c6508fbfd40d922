import type { EnvironmentStatus, ResourceGraph } from "@havn/model";
import { alignColumns } from "../kit/style.ts";
import type { ViewContext } from "./status.ts";
import { count, localTime } from "./words.ts";

export interface UpResult {
  status: EnvironmentStatus;
  graph: ResourceGraph;
  link: { url: string; expiresAt: number };
  web: string;
  /** How the user calls the command line. */
  havn: string;
}

/** The end of `havn up`: where things are, what is watched, what to try next. */
export function upView({ status, graph, link, web, havn }: UpResult, { style }: ViewContext): string {
  const urls = [...status.services, ...status.balancers].flatMap(({ name, url }) =>
    url ? [{ name, url }] : [],
  );
  const seen = urls.filter(({ url }, index) => urls.findIndex((other) => other.url === url) === index);
  const rows = [
    ...seen.map(({ name, url }) => [name, style.cyan(url)]),
    ["Web", style.cyan(web)],
    ["Sign in", `${style.cyan(link.url)}  ${style.dim(`once, until ${localTime(link.expiresAt)}`)}`],
    ["Watched", watched(status, graph)],
  ];
  const service = status.services[0]?.name;
  const next = [
    [`${havn} status`, "everything at a glance"],
    ...(service ? [[`${havn} logs ${service} -f`, "what it says, as it says it"]] : []),
    [`${havn} query 'rate(node_cpu_seconds_total[1m])'`, "ask the metrics in PromQL"],
    [`${havn} events -f`, "the timeline, as it happens"],
    ...(service ? [[`${havn} deploy`, "after a change of the source: a new release, no request lost"]] : []),
    [`${havn} down`, "stop all of it; the data stays"],
  ];
  return [
    `${style.green("✓")} ${style.bold(status.environment)} is healthy.`,
    "",
    ...alignColumns(rows, "  "),
    "",
    style.bold("Try next"),
    ...alignColumns(
      next.map(([line = "", what = ""]) => [line, style.dim(what)]),
      "  ",
    ),
  ].join("\n");
}

function watched(status: EnvironmentStatus, graph: ResourceGraph): string {
  const of = (type: string) => graph.resources.filter((resource) => resource.type === type).length;
  const instances = status.services.reduce((sum, { instances }) => sum + instances.length, 0);
  return [
    count(status.hosts.length, "host"),
    `${count(status.services.length, "service")} (${count(instances, "instance")})`,
    count(of("check"), "check"),
    count(of("alert"), "alert rule"),
  ].join(", ");
}
