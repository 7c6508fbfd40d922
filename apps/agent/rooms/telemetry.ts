import type { Balancer, Instances } from "@havn/delivery/agent";
import type { FollowedUnit, ScrapeTarget } from "@havn/telemetry/agent";

/** What runs here now, as telemetry sees it: endpoints to scrape and units whose journal is theirs. */
export function observed(
  host: string,
  instances: Pick<Instances, "specs" | "units">,
  balancer: Pick<Balancer, "scrapeTargets" | "units">,
): { targets: ScrapeTarget[]; units: FollowedUnit[] } {
  const services = instances.specs().flatMap(({ service, port, metricsPath, release, address }) =>
    metricsPath === undefined
      ? []
      : {
          job: service,
          service,
          instance: `${host}:${port}`,
          url: `http://127.0.0.1:${port}${metricsPath}`,
          labels: { release: release.slice(0, 8), resource: address },
        },
  );
  const balancers = balancer.scrapeTargets().map(({ balancer: name, address, host: ip, port }) => ({
    job: "haproxy",
    service: "",
    instance: `${host}:${name}`,
    url: `http://${ip}:${port}/metrics`,
    labels: { resource: address },
  }));
  return {
    targets: [...services, ...balancers],
    units: [
      ...instances.units().map(({ unit, instance, service }) => ({ unit, instance, service })),
      ...balancer.units().map(({ unit, balancer: name }) => ({ unit, instance: name, service: "" })),
    ],
  };
}
