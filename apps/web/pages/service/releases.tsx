import type { Release, ServiceStatus } from "@havn/model";
import { useState } from "preact/hooks";
import { ApiError } from "../../kit/api.ts";
import { useApplication } from "../../kit/context.ts";
import { Icon } from "../../ui/icon.tsx";
import { Ago, Dialog, Panel, shortRelease } from "../../ui/parts.tsx";

interface ReleasesProps {
  environment: string;
  service: ServiceStatus;
  releases: Release[];
  /** Whether a balancer stands before it, so that nothing is lost while instances are replaced. */
  balanced: boolean;
  /** Called with the id of the apply that rolls back. */
  started(applyId: string): void;
}

export function Releases({ environment, service, releases, balanced, started }: ReleasesProps) {
  const { messages, session } = useApplication();
  const [asking, setAsking] = useState(false);
  const { previousRelease: previous } = service;
  const may = session.role !== "viewer";
  const button = previous && (
    <button
      type="button"
      class="button small"
      disabled={!may || service.rollout !== undefined}
      title={may ? undefined : messages.service.rollbackForbidden}
      onClick={() => setAsking(true)}
    >
      <Icon name="rollback" size={14} /> {messages.service.rollback}
    </button>
  );
  return (
    <Panel title={messages.service.releases} aside={button} flush>
      {releases.length === 0 && <p class="note">{messages.service.noReleases}</p>}
      <ul class="releases">
        {releases.slice(0, 8).map((release) => (
          <ReleaseRow
            key={release.number}
            release={release}
            current={release.number === service.release?.number}
          />
        ))}
      </ul>
      {asking && previous && (
        <Confirm
          {...{ environment, previous, balanced, started }}
          service={service.name}
          close={() => setAsking(false)}
        />
      )}
    </Panel>
  );
}

function ReleaseRow({ release, current }: { release: Release; current: boolean }) {
  const { service: messages } = useApplication().messages;
  return (
    <li class={current ? "current" : ""}>
      <b>{release.number}</b>
      <code>{shortRelease(release.id)}</code>
      {current && <span class="tag good">{messages.current}</span>}
      <span class="muted">{release.changed.map((what) => messages.changed[what] ?? what).join(", ")}</span>
      <span class="muted push">
        <Ago at={release.createdAt} /> {messages.by} {release.actor.replace(/^\w+:/, "")}
      </span>
    </li>
  );
}

function Confirm(props: {
  environment: string;
  service: string;
  previous: Release;
  balanced: boolean;
  started(applyId: string): void;
  close(): void;
}) {
  const { api, messages } = useApplication();
  const [busy, setBusy] = useState(false);
  const [failure, setFailure] = useState<string>();
  const rollBack = async () => {
    setBusy(true);
    try {
      const apply = await api.rollback(props.environment, props.service);
      props.started(apply.id);
      props.close();
    } catch (cause) {
      setBusy(false);
      const known = cause instanceof ApiError && cause.status > 0;
      setFailure(known ? `${cause.message} ${cause.detail}` : messages.common.unreachable);
    }
  };
  return (
    <Dialog title={messages.service.rollbackTitle(props.previous.number)} close={props.close}>
      <p>{props.balanced ? messages.service.rollbackDetail : messages.service.rollbackAlone}</p>
      {failure && (
        <p class="bad" role="alert">
          {failure}
        </p>
      )}
      <footer>
        <button type="button" class="button" onClick={props.close}>
          {messages.common.cancel}
        </button>
        <button type="button" class="button primary" disabled={busy} onClick={() => void rollBack()}>
          {messages.service.rollback}
        </button>
      </footer>
    </Dialog>
  );
}
