import type { NewEvent, RunbookRun } from "@havn/model";

export const titleOf = ({ runbook, dryRun }: Pick<RunbookRun, "runbook" | "dryRun">) =>
  `${dryRun ? "A dry run of runbook" : "Runbook"} ${runbook}`;

export const eventOf = (
  { environment, runbook }: Pick<RunbookRun, "environment" | "runbook">,
  kind: string,
): Pick<NewEvent, "kind" | "environment" | "address"> => ({
  ...{ kind, environment, address: `${environment}/runbook/${runbook}` },
});
