import type { Dashboard } from "@havn/model";
import { useState } from "preact/hooks";
import { Confirm, Export } from "../../dashboards/edit/dialogs.tsx";
import type { BoardState } from "../../dashboards/state.ts";
import { useDashboardTexts } from "../../dashboards/texts.ts";
import { useApplication } from "../../kit/context.ts";
import { Icon } from "../../ui/icon.tsx";

interface BannerProps {
  data: Dashboard;
  state: BoardState;
  go(change: Partial<BoardState>): void;
  update(change: (data: Dashboard) => Dashboard): void;
  reload(): void;
}

/** Tells where the page and the configuration say different things, and lets people choose. */
export function Banner({ data, state, go, update, reload }: BannerProps) {
  const { api, session } = useApplication();
  const texts = useDashboardTexts();
  const [open, setOpen] = useState<"export" | "discard">();
  if (!data.declared) return null;
  const conflict = data.state === "conflict";
  const may = session.role !== "viewer";
  const at = { environment: data.environment, name: data.name };
  const keep = () =>
    api
      .saveDashboard(at, { dashboard: data.dashboard, revision: data.revision, settled: true })
      .then((saved) => update(() => saved), reload);
  return (
    <div class={conflict ? "banner board-banner conflict" : "banner board-banner"} role="status">
      <span>
        <Icon name={conflict ? "warning" : "info"} />{" "}
        {state.declared ? texts.declaredShown : conflict ? texts.conflictBanner : texts.editedBanner}
      </span>
      <span class="push head-buttons">
        <button type="button" class="button small" onClick={() => go({ declared: !state.declared })}>
          {state.declared ? texts.showEdited : texts.showDeclared}
        </button>
        <button type="button" class="button small" onClick={() => setOpen("export")}>
          {texts.export}
        </button>
        {conflict && (
          <button type="button" class="button small" disabled={!may} onClick={() => void keep()}>
            {texts.keepMine}
          </button>
        )}
        <button type="button" class="button small" disabled={!may} onClick={() => setOpen("discard")}>
          {texts.takeDeclared}
        </button>
      </span>
      {open === "export" && <Export dashboard={data} close={() => setOpen(undefined)} />}
      {open === "discard" && (
        <Confirm
          title={texts.discardTitle}
          detail={texts.discardDetail}
          button={texts.takeDeclared}
          act={() => api.discardDashboard(at, data.revision).then(reload)}
          close={() => setOpen(undefined)}
        />
      )}
    </div>
  );
}
