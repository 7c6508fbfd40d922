import type { Apply, ApplyStep } from "@havn/model";
import { useEffect, useState } from "preact/hooks";
import { useApplication, useMessages } from "../kit/context.ts";
import { Icon, type IconName } from "./icon.tsx";

/** An apply as it goes: what is done, what is under way and in which words. */
export function ApplyProgress({ id }: { id: string }) {
  const { api, live } = useApplication();
  const messages = useMessages().apply;
  const [apply, setApply] = useState<Apply>();
  useEffect(() => {
    const stopping = new AbortController();
    const load = () =>
      api
        .apply(id, stopping.signal)
        .then(setApply)
        .catch(() => undefined);
    void load();
    const leave = live.subscribe(`apply:${id}`, (data) => setApply(data as Apply), load);
    return () => {
      stopping.abort();
      leave();
    };
  }, [id]);
  if (!apply) return null;
  const steps = apply.steps.filter(({ action }) => action !== "no-op");
  const done = steps.filter(({ state }) => state === "done" || state === "skipped").length;
  return (
    <section class={`panel apply apply-${apply.state}`} aria-live="polite">
      <header>
        <h2>
          {messages.kinds[apply.kind]} · {messages.states[apply.state]}
        </h2>
        <span class="muted">
          {done}/{steps.length}
        </span>
      </header>
      <progress max={Math.max(1, steps.length)} value={done} aria-label={messages.kinds[apply.kind]} />
      {apply.error && <p class="bad">{apply.error}</p>}
      <ul class="steps">
        {steps.map((step) => (
          <Step key={step.address} step={step} />
        ))}
      </ul>
    </section>
  );
}

const stepIcons: Record<ApplyStep["state"], IconName> = {
  waiting: "unknown",
  running: "starting",
  done: "healthy",
  failed: "unhealthy",
  skipped: "stopped",
};

function Step({ step }: { step: ApplyStep }) {
  const { steps } = useMessages().apply;
  return (
    <li class={`step step-${step.state}`}>
      <Icon name={stepIcons[step.state]} label={steps[step.state]} />
      <code>{step.address.split("/").slice(1).join(" ")}</code>
      <span class="muted">{step.error ?? step.detail ?? steps[step.state]}</span>
    </li>
  );
}
