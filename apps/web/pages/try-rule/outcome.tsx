import type { BacktestAnswer } from "@havn/model";
import { useMemo } from "preact/hooks";
import { useFormats, useMessages } from "../../kit/context.ts";
import { Plot } from "../../metrics/plot.tsx";
import type { Mark, PlotLine } from "../../metrics/plot-options.ts";
import { guessUnit, unitOf } from "../../metrics/units.ts";
import { Figure, Panel } from "../../ui/parts.tsx";

const mostRows = 50;
const mostLines = 6;
const mostMarks = 200;

/** When the rule would have fired, drawn over its value and bounds, and whom it would have told. */
export function Outcome({ answer }: { answer: BacktestAnswer }) {
  const messages = useMessages().tryRule;
  const formats = useFormats();
  const lines = useMemo(() => linesOf(answer, messages), [answer, messages]);
  const marks = useMemo(() => marksOf(answer, messages), [answer, messages]);
  const times = useMemo(() => answer.drawnAt.map((at) => at / 1000), [answer]);
  const asked = answer.told.filter(({ asked: { people } }) => people.length > 0).length;
  return (
    <>
      <div class="figures">
        <Figure value={String(answer.episodes.length)} label={messages.fired} />
        <Figure value={String(answer.onlyPending)} label={messages.onlyPending} />
        <Figure value={String(answer.told.length)} label={messages.told} />
        <Figure value={String(asked)} label={messages.asked} />
      </div>
      {answer.drawn.length === 0 && answer.failures.length === 0 && (
        <p class="note warn" role="alert">
          {messages.matchesNothing}
        </p>
      )}
      {lines.length > 0 && (
        <figure class="chart">
          <Plot
            {...{ times, lines, marks, height: 240, stack: "off" }}
            unit={unitOf(guessUnit(answer.expr), formats)}
          />
          <figcaption class="muted">{lines.map(({ name }) => name).join(" · ")}</figcaption>
        </figure>
      )}
      {answer.failures.map(({ from, message }) => (
        <p class="note" role="alert" key={from}>
          {messages.failedFrom(formats.dateTime(from), message)}
        </p>
      ))}
      <Episodes answer={answer} />
      <Told answer={answer} />
      {[...answer.warnings, ...answer.assumed].map((text) => (
        <p class="muted" key={text}>
          {text}
        </p>
      ))}
    </>
  );
}

type Messages = ReturnType<typeof useMessages>["tryRule"];

function linesOf({ drawn }: BacktestAnswer, messages: Messages): PlotLine[] {
  return drawn.slice(0, mostLines).flatMap(({ labels, values, lower, upper }, color) => {
    const name = nameOf(labels);
    const bounds = [
      { name: `${name} ${messages.lower}`, values: lower, color },
      { name: `${name} ${messages.upper}`, values: upper, color },
    ].filter((line) => line.values.some((value) => value !== null));
    return [{ name, values, color, fill: 8 }, ...bounds];
  });
}

const nameOf = (labels: Readonly<Record<string, string>>): string =>
  Object.entries(labels)
    .filter(([name]) => name !== "env")
    .map(([name, value]) => (name === "__name__" ? value : `${name}=${value}`))
    .join(" ") || "value";

const marksOf = ({ episodes }: BacktestAnswer, messages: Messages): Mark[] =>
  episodes
    .slice(0, mostMarks)
    .flatMap(({ summary, firingSince, resolvedAt }): Mark[] => [
      { at: firingSince / 1000, title: messages.fires(summary), tone: "bad" },
      ...(resolvedAt === undefined
        ? []
        : [{ at: resolvedAt / 1000, title: messages.ends(summary), tone: "good" as const }]),
    ]);

function Episodes({ answer: { episodes, until } }: { answer: BacktestAnswer }) {
  const messages = useMessages().tryRule;
  const formats = useFormats();
  if (episodes.length === 0) return <p>{messages.silent}</p>;
  return (
    <Panel title={messages.alerts} flush>
      <div class="table-frame">
        <table>
          <thead>
            <tr>
              <th>{messages.from}</th>
              <th>{messages.lasted}</th>
              <th>{messages.what}</th>
            </tr>
          </thead>
          <tbody>
            {episodes.slice(0, mostRows).map(({ fingerprint, firingSince, resolvedAt, summary }) => (
              <tr key={`${fingerprint}${firingSince}`}>
                <td>{formats.dateTime(firingSince)}</td>
                <td>
                  {formats.seconds(((resolvedAt ?? until) - firingSince) / 1000)}
                  {resolvedAt === undefined && `, ${messages.still}`}
                </td>
                <td>{summary}</td>
              </tr>
            ))}
          </tbody>
        </table>
      </div>
      {episodes.length > mostRows && <p class="muted">{messages.more(episodes.length - mostRows)}</p>}
    </Panel>
  );
}

function Told({ answer: { told } }: { answer: BacktestAnswer }) {
  const messages = useMessages().tryRule;
  const formats = useFormats();
  if (told.length === 0) return null;
  return (
    <Panel title={messages.notifications} flush>
      <div class="table-frame">
        <table>
          <thead>
            <tr>
              <th>{messages.when}</th>
              <th>{messages.receiver}</th>
              <th>{messages.why}</th>
              <th>{messages.whom}</th>
            </tr>
          </thead>
          <tbody>
            {told.slice(0, mostRows).map(({ at, receiver, reason, asked: { people, channels } }) => (
              <tr key={`${at}${receiver}`}>
                <td>{formats.dateTime(at)}</td>
                <td>{receiver.split("/").at(-1)}</td>
                <td>{reason}</td>
                <td>
                  {people.length > 0 ? people.map(({ person }) => person).join(", ") : channels.join(", ")}
                </td>
              </tr>
            ))}
          </tbody>
        </table>
      </div>
      {told.length > mostRows && <p class="muted">{messages.more(told.length - mostRows)}</p>}
    </Panel>
  );
}
