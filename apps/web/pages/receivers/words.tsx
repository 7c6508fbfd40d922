import type { ReceiverPreview, ReceiverView } from "@havn/model";
import { useEffect, useState } from "preact/hooks";
import { ApiError } from "../../kit/api.ts";
import { useApplication, useMessages } from "../../kit/context.ts";
import type { ReceiverAsked } from "../../kit/respond-api.ts";
import { ActOutcome, useAct, useMay } from "../../respond/act.tsx";
import { Field } from "../../respond/parts.tsx";
import { Icon } from "../../ui/icon.tsx";

/** Until the next letter comes, so that not every one of them asks. */
const pauseMs = 200;

/** The template as it is typed, what it would say, and a button that says it. */
export function Words(props: { receiver: ReceiverView; alert: string | undefined; tested(): void }) {
  const { receiver, alert } = props;
  const { api } = useApplication();
  const messages = useMessages().receivers;
  const { may, why } = useMay();
  const act = useAct();
  const [template, setTemplate] = useState({
    subject: receiver.template?.subject ?? "",
    text: receiver.template?.text ?? "",
  });
  const asked: ReceiverAsked = {
    ...(alert !== undefined && { alert }),
    template: {
      ...(template.subject !== "" && { subject: template.subject }),
      ...(template.text !== "" && { text: template.text }),
    },
  };
  const { preview, failure } = usePreview(receiver, asked);
  return (
    <div class="receiver-words">
      <div class="form">
        <Field label={messages.subject}>
          <input
            type="text"
            class="mono"
            spellcheck={false}
            placeholder={messages.usual}
            value={template.subject}
            onInput={(event) => setTemplate({ ...template, subject: event.currentTarget.value })}
          />
        </Field>
        <Field label={messages.text} hint={messages.templateHint}>
          <textarea
            rows={5}
            class="mono"
            spellcheck={false}
            placeholder={messages.usual}
            value={template.text}
            onInput={(event) => setTemplate({ ...template, text: event.currentTarget.value })}
          />
        </Field>
      </div>
      <section class="preview" aria-label={messages.preview(receiver.name)} aria-live="polite">
        {failure !== undefined && <p class="bad">{failure}</p>}
        {preview && <Shown preview={preview} />}
      </section>
      <ActOutcome act={act} />
      <div class="form-foot">
        <span class="muted">{messages.testHint}</span>
        <button
          type="button"
          class="button"
          disabled={!may || act.busy || (preview?.faults.length ?? 1) > 0}
          title={why}
          onClick={() => void act.run(() => api.testReceiver(receiver, asked)).then(() => props.tested())}
        >
          <Icon name="alert" size={13} /> {act.busy ? messages.testing : messages.test}
        </button>
      </div>
    </div>
  );
}

function Shown({ preview }: { preview: ReceiverPreview }) {
  const messages = useMessages().receivers;
  const { alerts, faults, empty } = preview;
  return (
    <>
      {faults.map(({ field, line, column, summary }) => (
        <p class="bad" role="alert" key={field}>
          {messages.at(messages[field], line, column, summary)}
        </p>
      ))}
      {empty.length > 0 && (
        <p class="warn">{messages.empty(empty.map((name) => `labels.${name}`).join(", "))}</p>
      )}
      <p class="muted">{messages.sources[preview.source](alerts.length)}</p>
      <p class="receiver-subject" lang="en">
        {preview.subject}
      </p>
      <pre lang="en">{preview.text}</pre>
    </>
  );
}

function usePreview({ environment, name }: ReceiverView, asked: ReceiverAsked) {
  const { api } = useApplication();
  const { common } = useMessages();
  const [state, setState] = useState<{ preview?: ReceiverPreview; failure?: string }>({});
  const key = JSON.stringify([environment, name, asked]);
  useEffect(() => {
    const stopping = new AbortController();
    const timer = setTimeout(() => {
      api.previewReceiver({ environment, name }, asked, stopping.signal).then(
        (preview) => setState({ preview }),
        (cause: unknown) => {
          if (stopping.signal.aborted) return;
          const told = cause instanceof ApiError && cause.status > 0 ? cause.message : common.unreachable;
          setState({ failure: told });
        },
      );
    }, pauseMs);
    return () => {
      clearTimeout(timer);
      stopping.abort();
    };
  }, [key]);
  return state;
}
