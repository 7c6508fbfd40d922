import { useState } from "preact/hooks";
import { useApplication, useMessages } from "../../kit/context.ts";
import type { IncidentDetail } from "../../kit/respond-api.ts";
import { ActOutcome, useAct, useMay } from "../../respond/act.tsx";
import { Badge, nameOf, Pick, Segments } from "../../respond/parts.tsx";
import { Ago, Panel } from "../../ui/parts.tsx";

type Kind = "note" | "update";

/** What people write: notes for those at work, updates for those who wait. */
export function Say({ detail, reload }: { detail: IncidentDetail; reload(): void }) {
  const { incident, notes } = detail;
  const { api } = useApplication();
  const messages = useMessages().incidents;
  const { may, why } = useMay();
  const act = useAct();
  const [kind, setKind] = useState<Kind>("note");
  const [status, setStatus] = useState<string>(
    incident.status === "resolved" ? "monitoring" : incident.status,
  );
  const [text, setText] = useState("");
  const send = async () => {
    const done = await act.run(() =>
      kind === "note"
        ? api.noteIncident(incident.id, text)
        : api.updateIncident(incident.id, { text, status }),
    );
    if (!done) return;
    setText("");
    reload();
  };
  return (
    <Panel
      title={messages.said}
      aside={
        <label class="tick">
          <input
            type="checkbox"
            checked={incident.public}
            disabled={!may}
            onChange={(event) =>
              void act
                .run(() => api.changeIncident(incident.id, { public: event.currentTarget.checked }))
                .then((done) => done && reload())
            }
          />
          {messages.tellPublic}
        </label>
      }
    >
      <form
        class="form say"
        onSubmit={(event) => {
          event.preventDefault();
          void send();
        }}
      >
        <textarea
          rows={2}
          required
          disabled={!may}
          title={why}
          aria-label={messages.write}
          placeholder={kind === "note" ? messages.noteExample : messages.updateExample}
          value={text}
          onInput={(event) => setText(event.currentTarget.value)}
        />
        <div class="form-foot">
          <Segments
            label={messages.write}
            value={kind}
            options={[
              { value: "note", text: messages.note },
              { value: "update", text: messages.update },
            ]}
            choose={(value) => setKind(value)}
          />
          {kind === "update" && (
            <span class="filter-bar">
              <Pick
                label={messages.status}
                value={status}
                options={(["investigating", "identified", "monitoring"] as const).map(
                  (one) => [one, messages.statuses[one]] as const,
                )}
                choose={setStatus}
              />
            </span>
          )}
          <button type="submit" class="button primary small push" disabled={!may || act.busy}>
            {kind === "note" ? messages.writeDown : messages.tell}
          </button>
        </div>
        <ActOutcome act={act} />
      </form>
      {notes.length > 0 && (
        <ol class="said">
          {notes.toReversed().map((note) => (
            <li key={note.id} class={`said-${note.kind}`}>
              <p class="said-by">
                <b>{nameOf(note.by)}</b> <Ago at={note.at} />
                {note.kind === "update" && (
                  <Badge tone="info">{note.status ? messages.statuses[note.status] : messages.update}</Badge>
                )}
              </p>
              <p class="said-text">{note.text}</p>
            </li>
          ))}
        </ol>
      )}
    </Panel>
  );
}
