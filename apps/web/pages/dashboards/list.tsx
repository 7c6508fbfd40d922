import type { DashboardProperties, DashboardSummary } from "@havn/model";
import { useState } from "preact/hooks";
import { TextField } from "../../dashboards/edit/fields.tsx";
import { useDashboardTexts } from "../../dashboards/texts.ts";
import { ApiError, type ImportedDashboard } from "../../kit/api.ts";
import { useApplication, useMessages } from "../../kit/context.ts";
import { navigate, pathTo } from "../../kit/router.ts";
import { Icon } from "../../ui/icon.tsx";
import { Ago, Dialog } from "../../ui/parts.tsx";
import { EmptyState } from "../../ui/states.tsx";

interface ListProps {
  data: { dashboards: DashboardSummary[] };
  params: { environment: string };
}

const declaring = 'dashboard("shop", { panels: [ … ] });';
const addressOf = (environment: string, dashboard: string) =>
  pathTo("/environments/:environment/dashboards/:dashboard", { environment, dashboard });

/** All dashboards of an environment. */
export default function DashboardList({ data: { dashboards }, params: { environment } }: ListProps) {
  const texts = useDashboardTexts();
  const { session } = useApplication();
  const [filter, setFilter] = useState("");
  const [open, setOpen] = useState<"make" | "import">();
  const may = session.role !== "viewer";
  const words = filter.toLowerCase().split(/\s+/);
  const found = dashboards.filter((one) => {
    const text = [one.name, one.title, ...one.tags].join(" ").toLowerCase();
    return words.every((word) => text.includes(word));
  });
  return (
    <>
      <header class="page-head">
        <h1>{texts.title}</h1>
        {dashboards.length > 0 && (
          <input
            type="search"
            data-filter
            aria-label={texts.find}
            placeholder={texts.find}
            value={filter}
            onInput={(event) => setFilter(event.currentTarget.value)}
          />
        )}
        <span class="push head-buttons">
          <button
            type="button"
            class="button"
            disabled={!may}
            title={may ? undefined : texts.forbidden}
            onClick={() => setOpen("import")}
          >
            {texts.import}
          </button>
          <button
            type="button"
            class="button primary"
            disabled={!may}
            title={may ? undefined : texts.forbidden}
            onClick={() => setOpen("make")}
          >
            <Icon name="plus" size={14} /> {texts.make}
          </button>
        </span>
      </header>
      {dashboards.length === 0 && (
        <EmptyState icon="dashboards" title={texts.none} detail={texts.noneDetail} command={declaring} />
      )}
      {dashboards.length > 0 && found.length === 0 && <p class="note">{texts.notFound(filter)}</p>}
      <ul class="cards">
        {found.map((one) => (
          <li key={one.name}>
            <Card dashboard={one} />
          </li>
        ))}
      </ul>
      {open === "make" && <Make environment={environment} close={() => setOpen(undefined)} />}
      {open === "import" && <Import environment={environment} close={() => setOpen(undefined)} />}
    </>
  );
}

const tones = { declared: "", own: "", edited: " warn", conflict: " bad" };

function Card({ dashboard }: { dashboard: DashboardSummary }) {
  const texts = useDashboardTexts();
  const { title, tags, panels, state, changedAt, changedBy } = dashboard;
  return (
    <a class="card dashboard-card" href={addressOf(dashboard.environment, dashboard.name)}>
      <span class="card-title">{title}</span>
      <span class={`tag${tones[state]}`}>{texts.states[state]}</span>
      <span class="card-facts">
        <span>{texts.panels(panels)}</span>
        <span class="push">
          <Ago at={changedAt} /> {texts.changed(changedBy.replace(/^\w+:/, ""))}
        </span>
      </span>
      {tags.length > 0 && (
        <span class="card-tags">
          {tags.slice(0, 6).map((tag) => (
            <span class="tag" key={tag}>
              {tag}
            </span>
          ))}
        </span>
      )}
    </a>
  );
}

const nameOf = (title: string) =>
  title
    .toLowerCase()
    .normalize("NFKD")
    .replace(/[^a-z0-9]+/g, "-")
    .replace(/^-+|-+$/g, "")
    .slice(0, 60);

function Make({ environment, close }: { environment: string; close(): void }) {
  const texts = useDashboardTexts();
  const { api } = useApplication();
  const { common } = useMessages();
  const [title, setTitle] = useState("");
  const [name, setName] = useState<string>();
  const [failure, setFailure] = useState("");
  const chosen = name ?? nameOf(title);
  const make = async () => {
    const dashboard: DashboardProperties = { title: title || chosen, range: "1h", panels: [] };
    try {
      await api.saveDashboard({ environment, name: chosen }, { dashboard });
      navigate(`${addressOf(environment, chosen)}?edit=1`);
    } catch (cause) {
      setFailure(cause instanceof ApiError && cause.status > 0 ? cause.message : common.unreachable);
    }
  };
  return (
    <Dialog title={texts.make} close={close}>
      <form
        class="fields"
        onSubmit={(event) => {
          event.preventDefault();
          if (chosen !== "") void make();
        }}
      >
        <TextField label={texts.heading} value={title} onChange={setTitle} />
        <TextField label={texts.name} value={chosen} onChange={setName} />
        <p class="muted">{texts.nameHint}</p>
        {failure && (
          <p class="bad" role="alert">
            {failure}
          </p>
        )}
        <footer>
          <button type="button" class="button" onClick={close}>
            {texts.cancel}
          </button>
          <button type="submit" class="button primary" disabled={chosen === ""}>
            {texts.create}
          </button>
        </footer>
      </form>
    </Dialog>
  );
}

function Import({ environment, close }: { environment: string; close(): void }) {
  const texts = useDashboardTexts();
  const { api } = useApplication();
  const { common } = useMessages();
  const [grafana, setGrafana] = useState<unknown>();
  const [preview, setPreview] = useState<ImportedDashboard>();
  const [name, setName] = useState("");
  const [failure, setFailure] = useState("");
  const told = (cause: unknown) =>
    setFailure(
      cause instanceof SyntaxError
        ? texts.notJson
        : cause instanceof ApiError && cause.status > 0
          ? `${cause.message}. ${cause.detail}`
          : common.unreachable,
    );
  const look = async (file: File | undefined) => {
    if (!file) return;
    setFailure("");
    setPreview(undefined);
    try {
      const json: unknown = JSON.parse(await file.text());
      const read = await api.importDashboard(environment, { grafana: json, preview: true });
      setGrafana(json);
      setPreview(read);
      setName(read.name);
    } catch (cause) {
      told(cause);
    }
  };
  const save = () =>
    api
      .importDashboard(environment, { grafana, name })
      .then((saved) => navigate(addressOf(environment, saved.name)), told);
  const panels = preview?.dashboard.panels.filter(({ kind }) => kind !== "row").length ?? 0;
  return (
    <Dialog title={texts.import} close={close}>
      <form
        class="fields"
        onSubmit={(event) => {
          event.preventDefault();
          if (preview) void save();
        }}
      >
        <p>{texts.importLead}</p>
        <label>
          <span>{texts.file}</span>
          <input
            type="file"
            accept=".json,application/json"
            onChange={(event) => void look(event.currentTarget.files?.[0])}
          />
        </label>
        {preview && (
          <>
            <p>{texts.willImport(panels, preview.dashboard.variables?.length ?? 0)}</p>
            {preview.notes.length === 0 ? (
              <p class="good">{texts.allCarried}</p>
            ) : (
              <>
                <h3>{texts.notCarried}</h3>
                <ul class="import-notes" lang="en">
                  {preview.notes.map((note) => (
                    <li key={note}>{note}</li>
                  ))}
                </ul>
              </>
            )}
            <TextField label={texts.name} value={name} onChange={setName} />
          </>
        )}
        {failure && (
          <p class="bad" role="alert">
            {failure}
          </p>
        )}
        <footer>
          <button type="button" class="button" onClick={close}>
            {texts.cancel}
          </button>
          <button type="submit" class="button primary" disabled={!preview || name === ""}>
            {texts.doImport}
          </button>
        </footer>
      </form>
    </Dialog>
  );
}
