import { useId, useState } from "preact/hooks";
import { useApplication, useMessages } from "../../kit/context.ts";
import type { IncidentDetail } from "../../kit/respond-api.ts";
import { ActOutcome, useAct, useMay } from "../../respond/act.tsx";
import { Badge, Field, nameOf } from "../../respond/parts.tsx";
import { toLocal } from "../../respond/time.ts";
import { Panel } from "../../ui/parts.tsx";

const weekMs = 7 * 86_400_000;

/** What is to be done so that it does not come again, by whom and by when. */
export function Actions(props: { detail: IncidentDetail; people: string[]; reload(): void }) {
  const { detail, people, reload } = props;
  const { api, session } = useApplication();
  const messages = useMessages().incidents;
  const { may, why } = useMay();
  const act = useAct();
  const list = useId();
  const blank = { text: "", owner: nameOf(session.actor), due: toLocal(Date.now() + weekMs).slice(0, 10) };
  const [item, setItem] = useState(blank);
  const today = toLocal(Date.now()).slice(0, 10);
  const add = async () => {
    if (!(await act.run(() => api.addAction(detail.incident.id, item)))) return;
    setItem(blank);
    reload();
  };
  return (
    <Panel title={messages.actions}>
      <ul class="todo">
        {detail.actions.map(({ id, text, owner, due, doneAt }) => (
          <li key={id} class={doneAt === null ? undefined : "is-done"}>
            <input
              type="checkbox"
              checked={doneAt !== null}
              disabled={!may || doneAt !== null}
              title={why}
              aria-label={messages.isDone(text)}
              onChange={() => void act.run(() => api.completeAction(id)).then((done) => done && reload())}
            />
            <span>
              {text}
              <small class="muted">
                {owner} · {due}
              </small>
            </span>
            {doneAt === null && due < today && <Badge tone="bad">{messages.overdue}</Badge>}
          </li>
        ))}
      </ul>
      {may && (
        <form
          class="form"
          onSubmit={(event) => {
            event.preventDefault();
            void add();
          }}
        >
          <Field label={messages.todo}>
            <input
              type="text"
              required
              value={item.text}
              onInput={(event) => setItem({ ...item, text: event.currentTarget.value })}
            />
          </Field>
          <datalist id={list}>
            {people.map((person) => (
              <option key={person} value={person} />
            ))}
          </datalist>
          <div class="form-pair">
            <Field label={messages.owner}>
              <input
                type="text"
                required
                list={list}
                value={item.owner}
                onInput={(event) => setItem({ ...item, owner: event.currentTarget.value })}
              />
            </Field>
            <Field label={messages.due}>
              <input
                type="date"
                required
                value={item.due}
                onInput={(event) => setItem({ ...item, due: event.currentTarget.value })}
              />
            </Field>
          </div>
          <ActOutcome act={act} />
          <div class="form-foot">
            <button type="submit" class="button small" disabled={act.busy}>
              {messages.addAction}
            </button>
          </div>
        </form>
      )}
    </Panel>
  );
}
