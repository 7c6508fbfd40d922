import type { Expected, Resource } from "@havn/model";

/** An apply whose bundle takes longer than this is trouble of its own. */
const longestBundleMs = 15 * 60_000;
const rebootMs = 10 * 60_000;

export interface ExpectedInput {
  /** Of the bundle. */
  id: string;
  environment: string;
  /** Name of the host. */
  host: string;
  /** For people: "apply". */
  what: string;
  /** All that is declared on the host. */
  resources: readonly Resource[];
  /** Addresses that change. */
  going: ReadonlySet<string>;
}

/** What a bundle will make alerts of: units that it changes or restarts, or all that is on a host that it reboots. */
export function expectedOf({ id, environment, host, what, resources, going }: ExpectedInput): Expected[] {
  const common = { environment, reason: `${what} on ${host}` };
  const isTouched = ({ address, properties }: Resource) =>
    going.has(address) ||
    ["restartOn", "reloadOn", "on"].some((name) => {
      const on = properties[name];
      return Array.isArray(on) && on.some((one) => typeof one === "string" && going.has(one));
    });
  const touched = resources.filter(isTouched);
  const units = touched.filter(({ type }) => type === "systemd.unit").map(({ name }) => ownName(name));
  return [
    ...(units.length > 0
      ? [
          {
            ...{ ...common, id: `${id}/units`, kind: "apply" as const },
            ...{ about: { host, units }, forMs: longestBundleMs },
          },
        ]
      : []),
    ...(touched.some(({ type }) => type === "reboot")
      ? [
          {
            ...{ ...common, id: `${id}/reboot`, kind: "reboot" as const, reason: `reboot of ${host}` },
            ...{ about: { host }, forMs: rebootMs },
          },
        ]
      : []),
  ];
}

/** `web-1:nginx.service` is `nginx.service` there. */
const ownName = (name: string): string => name.slice(name.indexOf(":") + 1);
