import type { IncidentSummary } from "@havn/model";
import { useState } from "preact/hooks";
import { useApplication, useFormats, useMessages, useNow } from "../../kit/context.ts";
import { topics } from "../../kit/live.ts";
import { definePage } from "../../kit/page.ts";
import { navigate, pathTo } from "../../kit/router.ts";
import { ActOutcome, useAct, useMay } from "../../respond/act.tsx";
import { IncidentState, spanText } from "../../respond/incident-parts.tsx";
import { IncidentTabs } from "../../respond/incident-tabs.tsx";
import { Badge, Field, nameOf, Pick, Segments, SeverityBadge } from "../../respond/parts.tsx";
import { setSearch } from "../../respond/search.ts";
import { Icon } from "../../ui/icon.tsx";
import { Dialog } from "../../ui/parts.tsx";
import { EmptyState } from "../../ui/states.tsx";

interface IncidentsData {
  incidents: IncidentSummary[];
}

export const page = definePage({
  path: "/environments/:environment/incidents",
  nav: {
    ...{ label: "incidents", icon: "incident", order: 20, key: "i", group: "respond" },
    covers: ["/environments/:environment/incidents", "/environments/:environment/incident-figures"],
  },
  title: (messages, { environment }) => `${messages.incidents.title} · ${environment}`,
  async load({ api, params, signal }): Promise<IncidentsData> {
    const { incidents } = await api.incidents(signal);
    // One without an environment concerns all of them.
    return { incidents: incidents.filter((one) => [params.environment, null].includes(one.environment)) };
  },
  live: ({ environment }) => [topics.happened<IncidentsData>(environment, /^(incident|page)\./)],
  view: ({ data: { incidents }, params: { environment }, query }) => {
    const messages = useMessages();
    const { may, why } = useMay();
    const [opening, setOpening] = useState(false);
    const text = (query.get("q") ?? "").toLowerCase();
    const severity = query.get("severity") ?? "";
    const found = incidents.filter(
      (one) =>
        `${one.id} ${one.title} ${Object.values(one.roles).join(" ")}`.toLowerCase().includes(text) &&
        (severity === "" || one.severity === severity),
    );
    const open = found.filter(({ state }) => state !== "resolved");
    const wanted = query.get("state") ?? "all";
    const shown =
      wanted === "open" ? open : wanted === "resolved" ? found.filter((one) => !open.includes(one)) : found;
    return (
      <>
        <header class="page-head">
          <h1>{messages.incidents.title}</h1>
          <IncidentTabs environment={environment} current="list" />
          <button
            type="button"
            class="button primary push"
            disabled={!may}
            title={why}
            onClick={() => setOpening(true)}
          >
            <Icon name="plus" size={14} /> {messages.incidents.open}
          </button>
        </header>
        <search class="filter-bar">
          <input
            type="search"
            data-filter
            aria-label={messages.incidents.filter}
            placeholder={messages.incidents.filter}
            value={query.get("q") ?? ""}
            onInput={(event) => setSearch(query, { q: event.currentTarget.value })}
          />
          <Segments
            label={messages.respond.state}
            value={wanted}
            options={[
              { value: "all", text: messages.timeline.any, count: found.length },
              { value: "open", text: messages.incidents.states.open, count: open.length },
              {
                ...{ value: "resolved", text: messages.incidents.states.resolved },
                count: found.length - open.length,
              },
            ]}
            choose={(value) => setSearch(query, { state: value === "all" ? undefined : value })}
          />
          <Pick
            label={messages.respond.severity}
            value={severity}
            options={[["", messages.timeline.any], ...Object.entries(messages.alerts.severities)]}
            choose={(value) => setSearch(query, { severity: value })}
          />
        </search>
        {shown.length === 0 ? (
          <EmptyState icon="healthy" title={messages.incidents.none} detail={messages.incidents.noneDetail} />
        ) : (
          <ul class="panel flush incident-list" aria-label={messages.incidents.label}>
            {shown.map((incident) => (
              <IncidentRow key={incident.id} {...{ incident, environment }} />
            ))}
          </ul>
        )}
        {opening && <OpenDialog environment={environment} close={() => setOpening(false)} />}
      </>
    );
  },
});

function IncidentRow({ incident, environment }: { incident: IncidentSummary; environment: string }) {
  const messages = useMessages().incidents;
  const formats = useFormats();
  const now = useNow();
  const { id, title, severity, openedAt, resolvedAt, roles, state } = incident;
  const href = pathTo("/environments/:environment/incidents/:incident", {
    environment,
    incident: String(id),
  });
  return (
    <li class={`incident-row state-${state} severity-${severity}`}>
      <b class="incident-id">{id}</b>
      <div>
        <p class="alert-title">
          <a href={href} lang="en">
            {title}
          </a>
        </p>
        <div class="alert-facts">
          <SeverityBadge severity={severity} />
          <IncidentState incident={incident} />
          {incident.public && (
            <Badge tone="quiet" icon="globe">
              {messages.public}
            </Badge>
          )}
          {roles.commander && (
            <span class="muted">{`${messages.roles.commander}: ${nameOf(roles.commander)}`}</span>
          )}
        </div>
      </div>
      <p class="incident-times">
        <time title={formats.dateTime(openedAt)}>{formats.ago(openedAt, now)}</time>
        <small class="muted">
          {messages.lasted(spanText((resolvedAt ?? now) - openedAt), resolvedAt === null)}
        </small>
      </p>
    </li>
  );
}

function OpenDialog({ environment, close }: { environment: string; close(): void }) {
  const { api } = useApplication();
  const messages = useMessages();
  const act = useAct();
  const [title, setTitle] = useState("");
  const [severity, setSeverity] = useState<IncidentSummary["severity"]>("critical");
  const [isPublic, setPublic] = useState(false);
  const { severities } = messages.alerts;
  return (
    <Dialog title={messages.incidents.open} close={close}>
      <form
        class="form"
        onSubmit={(event) => {
          event.preventDefault();
          void act.run(async () => {
            const { id } = await api.openIncident({ title, environment, severity, public: isPublic });
            close();
            navigate(
              pathTo("/environments/:environment/incidents/:incident", { environment, incident: String(id) }),
            );
          });
        }}
      >
        <Field label={messages.incidents.what}>
          <input
            type="text"
            required
            value={title}
            placeholder={messages.incidents.whatExample}
            onInput={(event) => setTitle(event.currentTarget.value)}
          />
        </Field>
        <div class="form-row">
          <span class="form-label">{messages.respond.severity}</span>
          <Segments
            label={messages.respond.severity}
            value={severity}
            options={(["critical", "warning", "info"] as const).map((value) => ({
              ...{ value, text: severities[value] },
            }))}
            choose={(value) => setSeverity(value)}
          />
        </div>
        <label class="tick">
          <input
            type="checkbox"
            checked={isPublic}
            onChange={(event) => setPublic(event.currentTarget.checked)}
          />
          {messages.incidents.tellPublic}
        </label>
        <ActOutcome act={act} />
        <footer class="form-foot">
          <button type="button" class="button push" onClick={close}>
            {messages.common.cancel}
          </button>
          <button type="submit" class="button primary" disabled={act.busy}>
            {messages.incidents.open}
          </button>
        </footer>
      </form>
    </Dialog>
  );
}
