import type { Runbook, RunbookRun, RunbookStep } from "@havn/model";
import { useState } from "preact/hooks";
import { useApplication, useFormats, useMessages } from "../../kit/context.ts";
import { topics } from "../../kit/live.ts";
import { definePage } from "../../kit/page.ts";
import { pathTo } from "../../kit/router.ts";
import { type Act, ActOutcome, useAct, useMay } from "../../respond/act.tsx";
import { spanText } from "../../respond/incident-parts.tsx";
import { nameOf } from "../../respond/parts.tsx";
import { RunState } from "../../respond/run-state.tsx";
import { Icon, type IconName } from "../../ui/icon.tsx";
import { Ago, Panel } from "../../ui/parts.tsx";
import { StartDialog } from "../runbooks/start.tsx";

interface RunData {
  run: RunbookRun;
  steps: RunbookStep[];
  runbook: Runbook | undefined;
}

export const page = definePage({
  path: "/environments/:environment/runbook-runs/:run",
  title: (messages) => messages.runbooks.run,
  async load({ api, params: { environment, run: id }, signal }): Promise<RunData> {
    const [{ run, steps }, { runbooks }] = await Promise.all([
      api.runbookRun(id, signal),
      api.runbooks(signal),
    ]);
    const runbook = runbooks.find((one) => one.environment === environment && one.name === run.runbook);
    return { run, steps, runbook };
  },
  live: ({ environment }) => [topics.happened<RunData>(environment, /^runbook\./)],
  view: ({ data: { run, steps, runbook }, params: { environment }, reload }) => {
    const messages = useMessages().runbooks;
    const act = useAct();
    const [starting, setStarting] = useState(false);
    const { api } = useApplication();
    const { may, why } = useMay();
    return (
      <>
        <nav class="crumbs">
          <a href={pathTo("/environments/:environment/runbooks", { environment })}>{messages.title}</a>
          <Icon name="chevron" size={12} />
          <span>{run.runbook}</span>
        </nav>
        <header class="page-head">
          <h1>{run.runbook}</h1>
          <RunState run={run} />
          <span class="muted">
            {nameOf(run.startedBy)} · <Ago at={run.startedAt} />
            {run.endedAt !== null && ` · ${spanText(run.endedAt - run.startedAt)}`}
          </span>
          {run.incident !== null && (
            <a
              href={pathTo("/environments/:environment/incidents/:incident", {
                environment,
                incident: String(run.incident),
              })}
            >
              {messages.ofIncident(run.incident)}
            </a>
          )}
          <div class="actions">
            {run.endedAt === null ? (
              <button
                type="button"
                class="button"
                disabled={!may || act.busy}
                title={why}
                onClick={() =>
                  void act.run(() => api.stopRun(run.id), messages.stopped).then((done) => done && reload())
                }
              >
                {messages.stop}
              </button>
            ) : (
              runbook && (
                <button
                  type="button"
                  class={run.dryRun ? "button primary" : "button"}
                  disabled={!may}
                  title={why}
                  onClick={() => setStarting(true)}
                >
                  <Icon name="play" size={14} /> {run.dryRun ? messages.nowReally : messages.startAgain}
                </button>
              )
            )}
          </div>
        </header>
        <ActOutcome act={act} />
        {run.error !== null && <p class="banner">{run.error}</p>}
        <Panel title={messages.steps}>
          {steps.length === 0 && <p class="muted">{messages.noSteps}</p>}
          <ol class="run-steps" aria-label={messages.steps}>
            {steps.map((step) => (
              <StepItem key={step.name} {...{ step, run, act, reload }} />
            ))}
          </ol>
        </Panel>
        {starting && runbook && <StartDialog runbook={runbook} close={() => setStarting(false)} />}
      </>
    );
  },
});

const icons: Record<RunbookStep["state"], IconName> = {
  ...{ running: "starting", waiting: "clients", succeeded: "healthy", failed: "unhealthy" },
};

function StepItem(props: { step: RunbookStep; run: RunbookRun; act: Act; reload(): void }) {
  const { step, run } = props;
  const messages = useMessages().runbooks;
  const formats = useFormats();
  const { kind, detail, state, startedAt, endedAt, outcome, question } = step;
  return (
    <li class={`run-step run-step-${state}`}>
      <Icon name={icons[state]} size={18} label={messages.stepStates[state]} />
      <div>
        <p>
          <b>{messages.kinds[kind]}</b> <span lang="en">{detail}</span>
        </p>
        {outcome !== null && (
          <pre class="step-outcome" lang="en">
            {outcome}
          </pre>
        )}
        {question && run.endedAt === null && <Question {...props} question={question} />}
      </div>
      <time title={formats.dateTime(startedAt)}>
        {formats.time(startedAt)}
        {endedAt !== null && <small>{spanText(endedAt - startedAt)}</small>}
      </time>
    </li>
  );
}

function Question(props: {
  step: RunbookStep;
  run: RunbookRun;
  question: NonNullable<RunbookStep["question"]>;
  act: Act;
  reload(): void;
}) {
  const { step, run, question, act, reload } = props;
  const { api } = useApplication();
  const messages = useMessages().runbooks;
  const formats = useFormats();
  const { may, why } = useMay();
  const [text, setText] = useState("");
  const answer = (words: string) =>
    void act
      .run(() => api.answerRun(run.id, { answer: words, step: step.name }), messages.answered)
      .then((done) => done && reload());
  const word = (choice: string) =>
    choice === "approve" ? messages.approve : choice === "refuse" ? messages.refuse : choice;
  return (
    <form
      class="question"
      onSubmit={(event) => {
        event.preventDefault();
        answer(text);
      }}
    >
      <p class="question-text" lang="en">
        {question.text}
      </p>
      <p class="muted">
        {messages.askedUntil(formats.dateTime(question.until))}
        {question.people && ` · ${messages.askedOf(question.people.join(", "))}`}
      </p>
      <div class="actions">
        {question.choices.map((choice, at) => (
          <button
            key={choice}
            type="button"
            class={at === 0 ? "button primary" : "button"}
            disabled={!may || act.busy}
            title={why}
            onClick={() => answer(choice)}
          >
            {word(choice)}
          </button>
        ))}
        {question.choices.length === 0 && (
          <>
            <input
              type="text"
              required
              aria-label={messages.yourAnswer}
              placeholder={messages.yourAnswer}
              value={text}
              onInput={(event) => setText(event.currentTarget.value)}
            />
            <button type="submit" class="button primary" disabled={!may || act.busy} title={why}>
              {messages.answer}
            </button>
          </>
        )}
      </div>
    </form>
  );
}
