import { HavnError, hasChanges, type Plan, planSchema } from "@havn/model";
import { connect } from "../../api/connect.ts";
import { patiently } from "../../api/patience.ts";
import { findApply } from "../../flows/applies.ts";
import { carryOut } from "../../flows/apply.ts";
import { scopeOptions, scopePart } from "../../flows/part.ts";
import { defineCommand, shared } from "../../kit/command.ts";
import { diagnosticView } from "../../views/errors.ts";
import { planView } from "../../views/plan.ts";

export const command = defineCommand({
  name: "revert",
  summary: "undo an apply: files, packages, units and the rest as they were before it",
  group: "Environments",
  description:
    "Puts back what was recorded on the hosts and in the control plane before the apply changed it, the last change " +
    "first, and says beforehand what cannot be undone: what a command did, for example, or what a dropped database " +
    "held. What has been changed since, by another apply or by hand, is refused unless --force names it. A revert is " +
    "an apply itself: it can be reverted.",
  access: ["plan:create", "apply:create"],
  arguments: [{ name: "APPLY", description: "its id, the beginning of it, or latest" }],
  options: {
    plan: { type: "boolean", description: "only show what it would do" },
    ...scopeOptions,
    force: {
      type: "list",
      value: "WHAT",
      description: "this, although it has been changed since; written as --target",
    },
    environment: { ...shared.environment, description: "whose latest (unset: of all)" },
    yes: shared.yes,
    json: { type: "boolean", description: "with --plan: the plan as JSON, for programs" },
  },
  examples: [
    ["havn revert latest", "show what goes back, ask, do it"],
    ["havn revert apply-3f2a91c0 --plan", "only look"],
    [
      "havn revert latest --host role=web --exclude package --yes",
      "on some hosts, packages stay, without asking",
    ],
    ["havn revert latest --force shop/file/web-1:/etc/motd", "although somebody edited it since"],
  ],
  async run({ arguments: [named = "latest"], options, globals, io, signal }) {
    const api = await connect(globals, signal);
    const apply = await findApply(api, { named, environment: options.environment, signal });
    const body = {
      applyId: apply.id,
      ...scopePart(options),
      ...(options.force.length > 0 && { force: options.force }),
    };
    const plan = await patiently(() => api.post("/api/v1/reverts", planSchema, { body, signal }), { signal });
    const refused = plan.diagnostics.filter(({ severity }) => severity === "error");
    if (options.plan && options.json) io.out(JSON.stringify(plan, null, 2));
    else {
      for (const warning of plan.diagnostics.filter(({ severity }) => severity !== "error"))
        io.warn(`${diagnosticView(warning, io.style, io)}\n`);
      if (options.plan || refused.length > 0) (options.plan ? io.out : io.tell)(revertView(plan, io.style));
    }
    if (refused.length > 0)
      throw new HavnError(`${apply.id} is not reverted: some of it has been changed since`, {
        detail: "Nothing was changed.",
        diagnostics: refused,
      });
    if (options.plan) return undefined;
    await carryOut({ api, io, signal }, { plan, sources: [], kind: "revert", yes: options.yes });
    return undefined;
  },
});

const revertView = (plan: Plan, style: Parameters<typeof planView>[1]): string =>
  hasChanges(plan) ? planView(plan, style) : `${style.green("No changes.")} All of it is as it was before.`;
