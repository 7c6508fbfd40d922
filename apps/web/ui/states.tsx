import type { ComponentChildren } from "preact";
import { ApiError } from "../kit/api.ts";
import { useMessages } from "../kit/context.ts";
import { Icon, type IconName } from "./icon.tsx";

/** What stands where there is nothing: why, and what to do. */
export function EmptyState(props: {
  icon: IconName;
  title: string;
  detail?: string | undefined;
  command?: string | undefined;
  children?: ComponentChildren;
}) {
  return (
    <div class="empty">
      <Icon name={props.icon} size={28} />
      <h2>{props.title}</h2>
      {props.detail && <p>{props.detail}</p>}
      {props.command && <pre class="command">{props.command}</pre>}
      {props.children}
    </div>
  );
}

export function ErrorState({ cause, retry }: { cause: unknown; retry(): void }) {
  const { common } = useMessages();
  const button = (
    <button type="button" class="button" onClick={retry}>
      {common.retry}
    </button>
  );
  if (cause instanceof ApiError && cause.status === 403)
    return <EmptyState icon="key" title={common.denied} detail={common.deniedDetail} />;
  if (cause instanceof ApiError && cause.status > 0)
    return (
      <EmptyState icon="warning" title={cause.message} detail={cause.detail}>
        {button}
      </EmptyState>
    );
  return (
    <EmptyState
      icon="warning"
      title={common.unreachable}
      detail={common.unreachableDetail}
      command="./havn server status"
    >
      {button}
    </EmptyState>
  );
}

/** A quiet outline while the first data comes; it appears only when that takes long enough to notice. */
export function LoadingState() {
  const { common } = useMessages();
  return (
    <div class="loading" role="status">
      <span class="visually-hidden">{common.loading}</span>
      <i />
      <i />
      <i />
    </div>
  );
}
