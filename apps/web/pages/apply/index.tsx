import type { Apply, ApplyStep, Plan, PlannedChange } from "@havn/model";
import { useState } from "preact/hooks";
import { useApplication, useFormats, useMessages } from "../../kit/context.ts";
import { topics } from "../../kit/live.ts";
import { definePage } from "../../kit/page.ts";
import { navigate, pathTo } from "../../kit/router.ts";
import { Icon, type IconName } from "../../ui/icon.tsx";
import { Ago, Change, Figure } from "../../ui/parts.tsx";
import { Batches } from "./batches.tsx";
import { RevertDialog } from "./revert.tsx";
import { Waits } from "./waits.tsx";

interface ApplyData {
  apply: Apply;
  /** Undefined where it has been forgotten. */
  plan: Plan | undefined;
}

export const page = definePage({
  path: "/environments/:environment/applies/:apply",
  title: (messages, { environment }) => `${messages.applies.one} · ${environment}`,
  async load({ api, params, signal }): Promise<ApplyData> {
    const apply = await api.apply(params.apply, signal);
    const plan = apply.planId ? await api.plan(apply.planId, signal).catch(() => undefined) : undefined;
    return { apply, plan };
  },
  live: ({ apply }) => [topics.apply(apply, (data: ApplyData, now) => ({ ...data, apply: now }))],
  view: ({ data: { apply, plan }, params: { environment } }) => {
    const { apply: words, applies: messages, service } = useMessages();
    const formats = useFormats();
    const planned = new Map(plan?.changes.map((change) => [change.address, change]));
    const took = apply.endedAt === undefined ? undefined : (apply.endedAt - apply.startedAt) / 1000;
    return (
      <>
        <header class="page-head">
          <h1>
            {words.kinds[apply.kind]} · {words.states[apply.state]}
          </h1>
          <Revert apply={apply} environment={environment} />
        </header>
        <p class="muted">
          <Ago at={apply.startedAt} /> {service.by} {apply.actor.replace(/^\w+:/, "")} ·{" "}
          <code>{apply.id}</code>
        </p>
        {apply.error && (
          <p class="bad" role="alert">
            {apply.error}
          </p>
        )}
        <section class="panel figures">
          <Outcomes steps={apply.steps} />
          {took !== undefined && <Figure value={formats.seconds(took)} label={messages.duration} />}
        </section>
        {apply.waits && <Waits waits={apply.waits} />}
        {apply.batches && <Batches batches={apply.batches} />}
        <section class="panel" aria-label={messages.resources}>
          {apply.steps.length === 0 && <p class="good">{messages.nothing}</p>}
          {apply.steps.map((step) => (
            <Resource key={step.address} step={step} change={planned.get(step.address)} />
          ))}
        </section>
      </>
    );
  },
});

type Became = "changed" | "unchanged" | Exclude<ApplyStep["state"], "done">;

const becameOf = ({ state, outcome }: ApplyStep): Became =>
  state === "done" ? (outcome === "unchanged" ? "unchanged" : "changed") : state;

function Outcomes({ steps }: { steps: readonly ApplyStep[] }) {
  const { became } = useMessages().applies;
  return (
    <>
      {[...Map.groupBy(steps, becameOf)].map(([one, of]) => (
        <Figure
          key={one}
          value={String(of.length)}
          label={became[one]}
          tone={one === "failed" ? "bad" : undefined}
        />
      ))}
    </>
  );
}

const icons: Record<Became, IconName> = {
  changed: "healthy",
  unchanged: "check",
  waiting: "unknown",
  running: "starting",
  failed: "unhealthy",
  skipped: "stopped",
};

function Resource({ step, change }: { step: ApplyStep; change: PlannedChange | undefined }) {
  const { applies: messages } = useMessages();
  const formats = useFormats();
  const became = becameOf(step);
  const { durationMs, startedAt, endedAt } = step;
  const took =
    durationMs ?? (startedAt !== undefined && endedAt !== undefined ? endedAt - startedAt : undefined);
  return (
    <article class="drifted">
      <h3>
        <Icon name={icons[became]} label={messages.became[became]} />{" "}
        <code>{step.address.split("/").slice(1).join("/")}</code>{" "}
        <span class="muted">
          {messages.actions[step.action]}
          {took !== undefined && ` · ${formats.seconds(took / 1000)}`}
        </span>
      </h3>
      {change?.reason && <p class="muted">{change.reason}</p>}
      {step.error && <p class="bad">{step.error}</p>}
      {step.detail && <p class="muted">{step.detail}</p>}
      {change?.changes.map((one) => (
        <Change key={one.property} change={one} />
      ))}
    </article>
  );
}

function Revert({ apply, environment }: { apply: Apply; environment: string }) {
  const { messages, session } = useApplication();
  const [asking, setAsking] = useState(false);
  const may = session.role !== "viewer";
  return (
    <>
      <button
        type="button"
        class="button"
        disabled={!may || apply.state === "running"}
        title={may ? undefined : messages.applies.forbidden}
        onClick={() => setAsking(true)}
      >
        <Icon name="rollback" size={14} /> {messages.applies.revert}
      </button>
      {asking && (
        <RevertDialog
          applyId={apply.id}
          close={() => setAsking(false)}
          started={(id) =>
            navigate(pathTo("/environments/:environment/applies/:apply", { environment, apply: id }))
          }
        />
      )}
    </>
  );
}
