import type { RunbookRun } from "@havn/model";
import { useMessages } from "../kit/context.ts";
import { Badge, type Tone } from "./parts.tsx";

const tones: Record<RunbookRun["state"], Tone> = {
  ...{ running: "info", waiting: "warn", succeeded: "good", failed: "bad" },
  ...{ refused: "quiet", stopped: "quiet", held: "quiet" },
};

export function RunState({ run }: { run: RunbookRun }) {
  const messages = useMessages().runbooks;
  return (
    <>
      <Badge tone={tones[run.state]}>{messages.states[run.state]}</Badge>
      {run.dryRun && <Badge tone="quiet">{messages.dryRun}</Badge>}
    </>
  );
}
