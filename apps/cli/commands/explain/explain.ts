import { HavnError, resourceGraphSchema } from "@havn/model";
import { closestName, explainResource } from "@havn/plan";
import { connect } from "../../api/connect.ts";
import { driftAnswer } from "../../api/schemas.ts";
import { loadConfig } from "../../config/load.ts";
import { defineCommand, type Invocation, shared } from "../../kit/command.ts";
import { resourceView, settingsView } from "../../views/explain.ts";

const options = { environment: shared.declared, json: shared.json } as const;

export const command = defineCommand({
  name: "explain",
  summary: "where a setting's value or a resource came from",
  group: "Look",
  description:
    "HOST/SETTING shows what each layer of data() says of it, with file and line, how they merge and who wins; HOST all " +
    "of its settings. An address shows where a resource was declared, its properties, what it needs and what needs it, " +
    "and why, and whether its host still has it as it was applied.",
  access: ["environment:read"],
  arguments: [
    { name: "WHAT", description: "HOST/SETTING, HOST, or an address ENVIRONMENT/TYPE/NAME" },
    { name: "PATH", description: "the configuration, for settings", optional: true },
  ],
  options,
  examples: [
    ["havn explain web-1/nginx.workers -e prod", "each layer's value, and who wins"],
    ["havn explain web-1", "all settings of a host"],
    ["havn explain shop/file/web-1:/etc/motd", "a resource that was applied"],
  ],
  async run(invocation) {
    const [what = ""] = invocation.arguments;
    await (what.split("/").length > 2 ? tellResource(invocation, what) : tellSettings(invocation, what));
    return undefined;
  },
});

async function tellSettings(
  { arguments: [, path], options, globals, io, signal }: Invocation<typeof command.options & {}>,
  what: string,
): Promise<void> {
  const [host = "", key] = what.split("/");
  const { settings } = await loadConfig({ path, environment: options.environment, globals, io, signal });
  const own = settings.filter((one) => one.host === host);
  if (own.length === 0) {
    const hosts = [...new Set(settings.flatMap((one) => one.host ?? []))];
    const closest = closestName(host, hosts);
    throw new HavnError(`No settings are asked for host "${host}"`, {
      detail: `${closest === undefined ? "" : `Did you mean "${closest}"? `}Hosts with settings: ${hosts.join(", ") || "none"}.`,
      status: 404,
    });
  }
  const all = own.flatMap((one) => one.settings);
  const wanted =
    key === undefined ? all : all.filter((one) => one.key === key || one.key.startsWith(`${key}.`));
  if (wanted.length === 0) {
    const keys = [...new Set(all.map((one) => one.key))];
    const closest = closestName(key ?? "", keys);
    throw new HavnError(`Host "${host}" has no setting "${key}"`, {
      detail: `${closest === undefined ? "" : `Did you mean "${closest}"? `}There are: ${keys.join(", ")}.`,
      status: 404,
    });
  }
  io.out(
    options.json ? JSON.stringify({ host, settings: wanted }, undefined, 2) : settingsView(wanted, io.style),
  );
}

async function tellResource(
  { globals, options, io, signal }: Invocation<typeof command.options & {}>,
  address: string,
): Promise<void> {
  const api = await connect(globals, signal);
  const [environment = ""] = address.split("/");
  const path = `/api/v1/environments/${encodeURIComponent(environment)}`;
  const { resources } = await api.get(`${path}/graph`, resourceGraphSchema, { signal });
  const explained = explainResource(resources, address);
  if (!explained) {
    const closest = closestName(
      address,
      resources.map((one) => one.address),
    );
    throw new HavnError(`There is no resource ${address}`, {
      detail: closest === undefined ? "Nothing of that address was applied." : `Did you mean ${closest}?`,
      status: 404,
    });
  }
  const { drift } = await api.get(`${path}/drift`, driftAnswer, { signal });
  const drifted = drift.find((one) => one.address === address);
  const answer = { ...explained, ...(drifted && { drift: drifted.changes }) };
  io.out(options.json ? JSON.stringify(answer, undefined, 2) : resourceView(answer, io.style));
}
