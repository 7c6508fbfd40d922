import { planSchema } from "@havn/model";
import { connect } from "../../api/connect.ts";
import { findApply } from "../../flows/applies.ts";
import { defineCommand, shared } from "../../kit/command.ts";
import { applyView } from "../../views/applies.ts";

export const command = defineCommand({
  name: "applies show",
  summary: "one apply: each resource, what became of it, how long it took, what differed",
  group: "Look",
  access: ["apply:read", "plan:read"],
  arguments: [{ name: "APPLY", description: "its id, the beginning of it, or latest" }],
  options: {
    environment: { ...shared.environment, description: "whose latest (unset: of all)" },
    json: shared.json,
  },
  examples: [
    ["havn applies show latest", "the newest one"],
    ["havn applies show apply-3f2a91c0 --json", "for programs: the apply and its plan"],
  ],
  async run({ arguments: [named = "latest"], options, globals, io, signal }) {
    const api = await connect(globals, signal);
    const apply = await findApply(api, { named, environment: options.environment, signal });
    const plan = apply.planId
      ? await api.get(`/api/v1/plans/${encodeURIComponent(apply.planId)}`, planSchema, { signal })
      : undefined;
    if (options.json) io.out(JSON.stringify({ apply, plan }, null, 2));
    else io.out(applyView(apply, plan, io.style));
    return undefined;
  },
});
