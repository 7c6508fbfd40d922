import { HavnError, type PropertyChange, type Resource, resourceGraphSchema } from "@havn/model";
import { closestName, diffProperties, type ExplainedResource, explainResource } from "@havn/plan";
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
    "and why, and whether its host still has it as it was applied. What was never applied is looked up in the " +
    "configuration; with PATH, what was applied is set beside what is declared now.",
  access: ["environment:read"],
  arguments: [
    { name: "WHAT", description: "HOST/SETTING, HOST, or an address ENVIRONMENT/TYPE/NAME" },
    { name: "PATH", description: "the configuration", optional: true },
  ],
  options,
  examples: [
    ["havn explain web-1/nginx.workers -e prod", "each layer's value, and who wins"],
    ["havn explain web-1", "all settings of a host"],
    ["havn explain shop/file/web-1:/etc/motd", "a resource, as it was applied last or as it is declared"],
    ["havn explain prod/service/shop .", "also what the next apply changes of it"],
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

/** As it was applied last, else as it is declared; a configuration that was named counts beside what was applied. */
async function tellResource(
  { arguments: [, path], globals, options, io, signal }: Invocation<typeof command.options & {}>,
  address: string,
): Promise<void> {
  const api = await connect(globals, signal);
  const [environment = ""] = address.split("/");
  const of = `/api/v1/environments/${encodeURIComponent(environment)}`;
  const recorded = await unlessMissing(api.get(`${of}/graph`, resourceGraphSchema, { signal }));
  const applied = explainResource(recorded?.resources ?? [], address);
  const declaredHere = async () =>
    (await loadConfig({ path, environment, globals, io, signal })).graph.resources;
  const resources = applied && path === undefined ? undefined : await declaredHere();
  const declared = resources && explainResource(resources, address);
  const explained = declared ?? applied;
  if (!explained) throw noResource(address, [...(resources ?? []), ...(recorded?.resources ?? [])]);
  const drift = applied ? (await api.get(`${of}/drift`, driftAnswer, { signal })).drift : [];
  const drifted = drift.find((one) => one.address === address);
  const answer = {
    ...explained,
    applied: applied !== undefined,
    ...(resources && applied && { pending: pendingChanges(applied, declared) }),
    ...(drifted && { drift: drifted.changes }),
  };
  io.out(options.json ? JSON.stringify(answer, undefined, 2) : resourceView(answer, io.style));
}

/** What the next apply changes of it: undefined where it is no longer declared. */
const pendingChanges = (
  applied: ExplainedResource,
  declared: ExplainedResource | undefined,
): PropertyChange[] | "removed" =>
  declared ? diffProperties(withoutVersions(applied), withoutVersions(declared)) : "removed";

/** The control plane writes versions of secrets into what is applied; what is declared has none. */
const withoutVersions = ({ resource }: ExplainedResource): Record<string, unknown> =>
  JSON.parse(
    JSON.stringify(resource.properties, (_key, value: unknown) =>
      typeof value === "object" && value !== null && "$secret" in value
        ? { ...value, version: undefined }
        : value,
    ),
  ) as Record<string, unknown>;

async function unlessMissing<T>(answer: Promise<T>): Promise<T | undefined> {
  try {
    return await answer;
  } catch (error) {
    if (error instanceof HavnError && error.status === 404) return undefined;
    throw error;
  }
}

function noResource(address: string, resources: readonly Resource[]): HavnError {
  const closest = closestName(
    address,
    resources.map((one) => one.address),
  );
  return new HavnError(`There is no resource ${address}`, {
    detail:
      closest === undefined
        ? "Nothing of that address was applied, and nothing is declared."
        : `Did you mean ${closest}?`,
    status: 404,
  });
}
