import type { IncidentSummary, Postmortem } from "@havn/model";
import { useEffect, useState } from "preact/hooks";
import { useApplication, useFormats, useMessages } from "../../kit/context.ts";
import { ActOutcome, useAct, useMay } from "../../respond/act.tsx";
import { Markdown } from "../../respond/markdown.tsx";
import { nameOf } from "../../respond/parts.tsx";
import { Icon } from "../../ui/icon.tsx";
import { Panel } from "../../ui/parts.tsx";

/** The draft as it reads, and as it is written; whoever saves later does not overwrite what another wrote. */
export function PostmortemPanel({ incident }: { incident: IncidentSummary }) {
  const { api } = useApplication();
  const messages = useMessages();
  const formats = useFormats();
  const { may, why } = useMay();
  const act = useAct();
  const [shown, setShown] = useState<Postmortem>();
  const [open, setOpen] = useState(incident.state === "resolved");
  const [text, setText] = useState<string>();
  useEffect(() => {
    // The draft grows with the incident; what somebody writes is left alone.
    if (!open || text !== undefined) return;
    const stopping = new AbortController();
    api.postmortem(incident.id, stopping.signal).then(setShown, () => undefined);
    return () => stopping.abort();
  }, [open, incident, text === undefined]);
  const save = async () => {
    if (text === undefined || !shown) return;
    await act.run(async () => {
      setShown(await api.writePostmortem(incident.id, { markdown: text, revision: shown.revision }));
      setText(undefined);
    }, messages.incidents.saved);
  };
  const { incidents } = messages;
  return (
    <Panel
      title={incidents.postmortem}
      aside={
        <div class="actions">
          {open && shown && text === undefined && (
            <>
              <a
                class="button small"
                download={`postmortem-${incident.id}.md`}
                href={`data:text/markdown;charset=utf-8,${encodeURIComponent(shown.markdown)}`}
              >
                {incidents.download}
              </a>
              <button
                type="button"
                class="button small"
                disabled={!may}
                title={why}
                onClick={() => setText(shown.markdown)}
              >
                <Icon name="edit" size={13} /> {messages.respond.edit}
              </button>
            </>
          )}
          {!open && (
            <button type="button" class="button small" onClick={() => setOpen(true)}>
              {incidents.showDraft}
            </button>
          )}
        </div>
      }
    >
      <ActOutcome act={act} />
      {open && shown && text === undefined && (
        <>
          <p class="muted">
            {shown.editedAt === null
              ? incidents.isDraft
              : incidents.writtenBy(nameOf(shown.editedBy ?? ""), formats.dateTime(shown.editedAt))}
            {shown.editedAt !== null && may && (
              <button
                type="button"
                class="link"
                onClick={() => void act.run(async () => setShown(await api.redraftPostmortem(incident.id)))}
              >
                {incidents.redraft}
              </button>
            )}
          </p>
          <Markdown text={shown.markdown} />
        </>
      )}
      {text !== undefined && (
        <form
          class="form"
          onSubmit={(event) => {
            event.preventDefault();
            void save();
          }}
        >
          <textarea
            class="code"
            rows={24}
            aria-label={incidents.postmortem}
            value={text}
            onInput={(event) => setText(event.currentTarget.value)}
          />
          <div class="form-foot">
            <button type="button" class="button push" onClick={() => setText(undefined)}>
              {messages.common.cancel}
            </button>
            <button type="submit" class="button primary" disabled={act.busy}>
              {messages.respond.save}
            </button>
          </div>
        </form>
      )}
    </Panel>
  );
}
