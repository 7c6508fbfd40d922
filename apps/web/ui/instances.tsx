import type { InstanceStatus } from "@havn/model";
import { useFormats, useMessages } from "../kit/context.ts";
import { quoted, useValues } from "../kit/prometheus.ts";
import { pathTo } from "../kit/router.ts";
import { HealthMark } from "./health.tsx";
import { Ago, shortRelease } from "./parts.tsx";

/** `instance` label of a service's series. */
export const instanceLabel = ({ host, port }: InstanceStatus): string => `${host}:${port}`;

export function InstanceTable(props: {
  environment: string;
  instances: InstanceStatus[];
  by: "host" | "service";
}) {
  const { environment, instances, by } = props;
  const messages = useMessages().service;
  const formats = useFormats();
  const rates = useValues(
    `sum by (instance) (rate(http_requests_total{env=${quoted(environment)}}[30s]))`,
    "instance",
  );
  return (
    <div class="table-frame">
      <table>
        <thead>
          <tr>
            <th scope="col">{messages.state}</th>
            <th scope="col">{by === "host" ? messages.host : messages.instance}</th>
            <th scope="col">{messages.release}</th>
            <th scope="col" class="number">
              {messages.port}
            </th>
            <th scope="col" class="number">
              {messages.requests}
            </th>
            <th scope="col" class="number">
              {messages.restarts}
            </th>
            <th scope="col">{messages.since}</th>
          </tr>
        </thead>
        <tbody>
          {instances.map((instance) => {
            const rate = rates?.get(instanceLabel(instance));
            return (
              <tr key={instance.id}>
                <td>
                  <HealthMark health={instance.health} />
                  {instance.detail && <div class="muted">{instance.detail}</div>}
                </td>
                <td>
                  {by === "host" ? (
                    <a
                      href={pathTo("/environments/:environment/hosts/:host", {
                        environment,
                        host: instance.host,
                      })}
                    >
                      {instance.host}
                    </a>
                  ) : (
                    <a
                      href={pathTo("/environments/:environment/services/:service", {
                        environment,
                        service: instance.service,
                      })}
                    >
                      {instance.service}
                    </a>
                  )}
                </td>
                <td>
                  <code>{shortRelease(instance.release)}</code>
                </td>
                <td class="number">{instance.port}</td>
                <td class="number">{rate === undefined ? "–" : formats.perSecond(rate)}</td>
                <td class="number">{instance.restarts}</td>
                <td>{instance.since === undefined ? "–" : <Ago at={instance.since} />}</td>
              </tr>
            );
          })}
        </tbody>
      </table>
    </div>
  );
}
