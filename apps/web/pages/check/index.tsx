import type { CheckView } from "@havn/model";
import { useState } from "preact/hooks";
import { useApplication, useFormats, useMessages } from "../../kit/context.ts";
import { lazy } from "../../kit/lazy.tsx";
import { topics } from "../../kit/live.ts";
import { definePage } from "../../kit/page.ts";
import type { CheckDetail } from "../../kit/respond-api.ts";
import { pathTo } from "../../kit/router.ts";
import { ActOutcome, useAct, useMay } from "../../respond/act.tsx";
import { CheckBadges, CheckState } from "../../respond/check-state.tsx";
import { StateBand } from "../../respond/state-band.tsx";
import { WindowPicker } from "../../ui/chart.tsx";
import { Icon } from "../../ui/icon.tsx";
import { Ago, Panel } from "../../ui/parts.tsx";

const Performance = lazy(async () => ({
  default: (await import("../../respond/performance.tsx")).Performance,
}));

interface CheckData {
  detail: CheckDetail;
  children: CheckView[];
}

export const page = definePage({
  path: "/environments/:environment/checks/:check",
  title: (messages, { check }) => `${check} · ${messages.checks.title}`,
  async load({ api, params: { environment, check }, signal }): Promise<CheckData> {
    const [detail, { checks }] = await Promise.all([
      api.check(environment, check, signal),
      api.checks(environment, signal),
    ]);
    return { detail, children: checks.filter(({ parents }) => parents.includes(check)) };
  },
  live: ({ environment, check }) => [
    topics.checks(environment, ({ detail, children }: CheckData, { changed }) => ({
      detail: { ...detail, view: changed.find(({ name }) => name === check) ?? detail.view },
      children: children.map((view) => changed.find(({ name }) => name === view.name) ?? view),
    })),
  ],
  view: ({ data: { detail, children }, params: { environment, check }, reload }) => {
    const messages = useMessages().checks;
    const { api } = useApplication();
    const { may, why } = useMay();
    const act = useAct();
    const [seconds, setSeconds] = useState(6 * 3600);
    const { view } = detail;
    const { result } = view;
    const asked = view.kind !== "passive" && view.kind !== "heartbeat";
    return (
      <>
        <nav class="crumbs">
          <a href={pathTo("/environments/:environment/checks", { environment })}>{messages.title}</a>
          <Icon name="chevron" size={12} />
          <span>{check}</span>
        </nav>
        <header class="page-head">
          <h1>{check}</h1>
          <CheckState view={view} />
          <CheckBadges view={view} />
          <div class="actions">
            {asked && (
              <button
                type="button"
                class="button primary"
                disabled={!may || act.busy}
                title={why}
                onClick={() =>
                  void act
                    .run(() => api.runCheck(environment, check), messages.ran(check))
                    .then((done) => done && reload())
                }
              >
                <Icon name="play" size={14} /> {messages.runNow}
              </button>
            )}
          </div>
        </header>
        <ActOutcome act={act} />
        <Panel title={messages.history} aside={<WindowPicker value={seconds} onChange={setSeconds} />}>
          <StateBand address={view.address} seconds={seconds} />
        </Panel>
        <div class="columns even">
          <Panel title={messages.output}>
            {result ? (
              <pre class="output" lang="en">
                {[result.output, result.long].filter(Boolean).join("\n")}
              </pre>
            ) : (
              <p class="muted">{messages.states.never}</p>
            )}
          </Panel>
          <Panel title={messages.facts}>
            <Facts {...{ detail, children, environment }} />
          </Panel>
        </div>
        <Performance address={view.address} seconds={seconds} />
      </>
    );
  },
});

function Facts(props: { detail: CheckDetail; children: CheckView[]; environment: string }) {
  const { detail, children, environment } = props;
  const messages = useMessages().checks;
  const formats = useFormats();
  const { view, properties } = detail;
  const { result } = view;
  const { probe } = properties as { probe?: Record<string, unknown> };
  const link = (name: string) => (
    <a key={name} href={pathTo("/environments/:environment/checks/:check", { environment, check: name })}>
      {name}
    </a>
  );
  const row = (name: string, value: preact.ComponentChildren) => [
    <dt key={name}>{name}</dt>,
    <dd key={`${name} is`}>{value}</dd>,
  ];
  return (
    <dl class="facts">
      {row(messages.from, view.from?.split("/").at(-1) ?? "Havn")}
      {view.interval !== "" && row(messages.every, view.interval)}
      {result && row(messages.since, <Ago at={result.since} />)}
      {result &&
        row(
          messages.last,
          <>
            <Ago at={result.at} /> · {formats.seconds(result.durationMs / 1000)}
          </>,
        )}
      {result &&
        row(messages.believed, `${messages.states[result.hardState]}, ${formats.dateTime(result.hardSince)}`)}
      {row(messages.attempts, `${result?.attempt ?? 0} / ${view.attempts ?? "–"}`)}
      {result && row(messages.change, `${formats.number(result.flapPercent)} %`)}
      {view.parents.length > 0 &&
        row(messages.parents, <span class="link-list">{view.parents.map(link)}</span>)}
      {children.length > 0 &&
        row(messages.children, <span class="link-list">{children.map(({ name }) => link(name))}</span>)}
      {detail.dependsOn.length > 0 && row(messages.heldBy, detail.dependsOn.join(", "))}
      {detail.heartbeat !== undefined &&
        row(messages.heartbeat, <code class="command">{`curl ${location.origin}${detail.heartbeat}`}</code>)}
      {probe && row(messages.probe, <code>{JSON.stringify(probe)}</code>)}
    </dl>
  );
}
