import type { Dashboard, DashboardProperties } from "@havn/model";
import { useMemo, useState } from "preact/hooks";
import { Confirm, Export, History } from "../../dashboards/edit/dialogs.tsx";
import { Settings } from "../../dashboards/edit/settings.tsx";
import type { Editing } from "../../dashboards/edit/use-editing.ts";
import { useDashboardTexts } from "../../dashboards/texts.ts";
import { ApiError } from "../../kit/api.ts";
import { useApplication, useMessages } from "../../kit/context.ts";
import { useShortcuts } from "../../kit/keyboard.ts";
import { navigate, pathTo } from "../../kit/router.ts";
import { Icon } from "../../ui/icon.tsx";

interface MenuProps {
  data: Dashboard;
  declared: boolean;
  edit(): void;
  reload(): void;
}

/** What can be done with a dashboard while it is looked at. */
export function Menu({ data, declared, edit, reload }: MenuProps) {
  const { api, session } = useApplication();
  const texts = useDashboardTexts();
  const [open, setOpen] = useState<"history" | "export" | "remove">();
  const close = () => setOpen(undefined);
  const may = session.role !== "viewer";
  const title = may ? undefined : texts.forbidden;
  const shortcuts = useMemo(
    (): Record<string, () => void> => (may && !declared ? { e: edit } : {}),
    [may, declared],
  );
  useShortcuts(shortcuts);
  return (
    <span class="head-buttons">
      <button
        type="button"
        class="icon-button"
        aria-label={texts.history}
        title={texts.history}
        onClick={() => setOpen("history")}
      >
        <Icon name="history" />
      </button>
      <button
        type="button"
        class="icon-button"
        aria-label={texts.export}
        title={texts.export}
        onClick={() => setOpen("export")}
      >
        <Icon name="external" />
      </button>
      {data.state === "own" && (
        <button
          type="button"
          class="icon-button"
          disabled={!may}
          aria-label={texts.remove}
          title={title ?? texts.remove}
          onClick={() => setOpen("remove")}
        >
          <Icon name="close" />
        </button>
      )}
      <button type="button" class="button" disabled={!may || declared} title={title} onClick={edit}>
        <Icon name="pencil" size={14} /> {texts.edit}
      </button>
      {open === "history" && <History dashboard={data} close={close} restored={reload} />}
      {open === "export" && <Export dashboard={data} close={close} />}
      {open === "remove" && (
        <Confirm
          title={texts.removeTitle(data.title)}
          detail={texts.removeDetail}
          button={texts.remove}
          act={() =>
            api
              .discardDashboard({ environment: data.environment, name: data.name }, data.revision)
              .then(() =>
                navigate(pathTo("/environments/:environment/dashboards", { environment: data.environment })),
              )
          }
          close={close}
        />
      )}
    </span>
  );
}

interface EditBarProps {
  data: Dashboard;
  draft: DashboardProperties;
  editing: Editing;
  open(panel: number): void;
  update(change: (data: Dashboard) => Dashboard): void;
  reload(): void;
}

/** What can be done while a dashboard is edited. */
export function EditBar({ data, draft, editing, open, update, reload }: EditBarProps) {
  const { api } = useApplication();
  const { common } = useMessages();
  const texts = useDashboardTexts();
  const [settings, setSettings] = useState(false);
  const [failure, setFailure] = useState<{ text: string; theirs: boolean }>();
  const { undo, redo } = editing;
  const save = () =>
    api
      .saveDashboard(
        { environment: data.environment, name: data.name },
        { dashboard: draft, revision: data.revision },
      )
      .then(
        (saved) => {
          update(() => saved);
          editing.end();
        },
        (cause: unknown) => {
          const known = cause instanceof ApiError && cause.status > 0;
          setFailure({
            text: known ? `${cause.message}. ${cause.detail}` : common.unreachable,
            theirs: known && cause.status === 409,
          });
        },
      );
  const add = (panel: DashboardProperties["panels"][number], then?: (index: number) => void) => {
    editing.change({ ...draft, panels: [...draft.panels, panel] });
    then?.(draft.panels.length);
  };
  return (
    <div class="edit-bar" role="toolbar" aria-label={texts.edit}>
      <button
        type="button"
        class="button small"
        onClick={() => add({ kind: "timeseries", title: texts.newPanel }, open)}
      >
        <Icon name="plus" size={14} /> {texts.addPanel}
      </button>
      <button type="button" class="button small" onClick={() => add({ kind: "row", title: texts.newRow })}>
        <Icon name="plus" size={14} /> {texts.addRow}
      </button>
      <button type="button" class="button small" onClick={() => setSettings(true)}>
        <Icon name="settings" size={14} /> {texts.settings}
      </button>
      <button
        type="button"
        class="icon-button"
        disabled={!undo}
        aria-label={texts.undo}
        title={texts.undo}
        onClick={undo}
      >
        <Icon name="undo" />
      </button>
      <button
        type="button"
        class="icon-button"
        disabled={!redo}
        aria-label={texts.redo}
        title={texts.redo}
        onClick={redo}
      >
        <span class="flip">
          <Icon name="undo" />
        </span>
      </button>
      <span class="push head-buttons">
        {editing.changed && <span class="muted">{texts.unsaved}</span>}
        <button type="button" class="button small" onClick={editing.end}>
          {texts.cancel}
        </button>
        <button type="button" class="button small primary" onClick={() => void save()}>
          {texts.done}
        </button>
      </span>
      {failure && (
        <p class="bad" role="alert">
          {failure.text}{" "}
          {failure.theirs && (
            <button
              type="button"
              class="button small"
              onClick={() => {
                editing.end();
                reload();
              }}
            >
              {texts.reload}
            </button>
          )}
        </p>
      )}
      {settings && <Settings dashboard={draft} change={editing.change} close={() => setSettings(false)} />}
    </div>
  );
}
