import type { Dashboard, DashboardVersion } from "@havn/model";
import { useEffect, useState } from "preact/hooks";
import { useApplication, useFormats } from "../../kit/context.ts";
import { Dialog } from "../../ui/parts.tsx";
import { useDashboardTexts } from "../texts.ts";

interface DialogProps {
  dashboard: Dashboard;
  close(): void;
}

/** What it was before, each to be brought back. */
export function History({ dashboard, close, restored }: DialogProps & { restored(): void }) {
  const { api, session } = useApplication();
  const texts = useDashboardTexts();
  const formats = useFormats();
  const [versions, setVersions] = useState<DashboardVersion[]>();
  const [failure, setFailure] = useState("");
  const at = { environment: dashboard.environment, name: dashboard.name };
  useEffect(() => {
    const stopping = new AbortController();
    api.dashboardHistory(at, stopping.signal).then(
      (answer) => setVersions(answer.versions),
      (cause: Error) => !stopping.signal.aborted && setFailure(cause.message),
    );
    return () => stopping.abort();
  }, []);
  const restore = (revision: number) =>
    api.restoreDashboard(at, revision).then(
      () => {
        restored();
        close();
      },
      (cause: Error) => setFailure(cause.message),
    );
  return (
    <Dialog title={texts.versions} close={close} wide>
      {failure && <p class="bad">{failure}</p>}
      <ul class="versions">
        {versions?.map(({ revision, at: when, actor, what }) => (
          <li key={revision}>
            <time dateTime={new Date(when).toISOString()}>{formats.dateTime(when)}</time>
            <span>{texts.whats[what]}</span>
            <span class="muted">{actor.replace(/^\w+:/, "")}</span>
            <button
              type="button"
              class="button small"
              disabled={revision === dashboard.revision || session.role === "viewer"}
              onClick={() => void restore(revision)}
            >
              {texts.restore}
            </button>
          </li>
        ))}
      </ul>
    </Dialog>
  );
}

/** The dashboard as TypeScript, to be put into the configuration. */
export function Export({ dashboard, close }: DialogProps) {
  const { api } = useApplication();
  const texts = useDashboardTexts();
  const [text, setText] = useState("");
  const [copied, setCopied] = useState(false);
  useEffect(() => {
    const stopping = new AbortController();
    api
      .exportDashboard({ environment: dashboard.environment, name: dashboard.name }, stopping.signal)
      .then(({ typescript }) => setText(typescript))
      .catch((cause: Error) => !stopping.signal.aborted && setText(cause.message));
    return () => stopping.abort();
  }, []);
  return (
    <Dialog title={texts.export} close={close} wide>
      <p>{texts.exportLead}</p>
      <pre class="command export">{text}</pre>
      <footer>
        <button
          type="button"
          class="button primary"
          onClick={() => void navigator.clipboard?.writeText(text).then(() => setCopied(true))}
        >
          {copied ? texts.copied : texts.copy}
        </button>
      </footer>
    </Dialog>
  );
}

/** Asks once more before something goes. */
export function Confirm(props: {
  title: string;
  detail: string;
  button: string;
  act(): Promise<unknown>;
  close(): void;
}) {
  const texts = useDashboardTexts();
  const [failure, setFailure] = useState("");
  return (
    <Dialog title={props.title} close={props.close}>
      <p>{props.detail}</p>
      {failure && (
        <p class="bad" role="alert">
          {failure}
        </p>
      )}
      <footer>
        <button type="button" class="button" onClick={props.close}>
          {texts.cancel}
        </button>
        <button
          type="button"
          class="button primary"
          onClick={() => void props.act().then(props.close, (cause: Error) => setFailure(cause.message))}
        >
          {props.button}
        </button>
      </footer>
    </Dialog>
  );
}
