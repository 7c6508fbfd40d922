import type { StatusPageView } from "@havn/model";
import { useState } from "preact/hooks";
import { useFormats, useMessages, useNow } from "../../kit/context.ts";
import { topics } from "../../kit/live.ts";
import { definePage } from "../../kit/page.ts";
import { pathTo } from "../../kit/router.ts";
import { ActOutcome, useAct } from "../../respond/act.tsx";
import { IncidentTabs } from "../../respond/incident-tabs.tsx";
import { Badge, SeverityBadge } from "../../respond/parts.tsx";
import { Icon } from "../../ui/icon.tsx";
import { EmptyState } from "../../ui/states.tsx";
import { Components } from "./components.tsx";
import { PreviewFrame } from "./preview-frame.tsx";

interface StatusPagesData {
  pages: StatusPageView[];
  /** Counts loadings: the preview is read anew with each. */
  round: number;
}

let rounds = 0;

export const page = definePage({
  path: "/environments/:environment/status-pages",
  title: (messages, { environment }) => `${messages.incidents.statusPages} · ${environment}`,
  async load({ api, params: { environment }, signal }): Promise<StatusPagesData> {
    const { pages } = await api.statusPages(signal);
    rounds += 1;
    return { pages: pages.filter((one) => one.environment === environment), round: rounds };
  },
  live: ({ environment }) => [topics.happened<StatusPagesData>(environment, /^(incident|status|apply)\./)],
  view: ({ data: { pages, round }, params: { environment }, reload }) => {
    const messages = useMessages().incidents;
    const act = useAct();
    return (
      <>
        <header class="page-head">
          <h1>{messages.title}</h1>
          <IncidentTabs environment={environment} current="status" />
        </header>
        <ActOutcome act={act} />
        {pages.length === 0 && (
          <EmptyState icon="globe" title={messages.noStatusPages} detail={messages.noStatusPagesDetail} />
        )}
        {pages.map((one) => (
          <section key={one.name} class="panel status-page">
            <header>
              <h2>{one.title}</h2>
              <Badge tone={one.visibility === "public" ? "info" : "quiet"} icon="globe">
                {one.visibility === "public" ? messages.public : messages.private}
              </Badge>
            </header>
            <Published page={one} />
            <div class="status-columns">
              <div class="stack">
                <Components {...{ page: one, act, reload }} />
                <Told {...{ page: one, environment }} />
              </div>
              <Preview page={one} round={round} />
            </div>
          </section>
        ))}
      </>
    );
  },
});

function Published({ page }: { page: StatusPageView }) {
  const messages = useMessages().incidents;
  return (
    <dl class="facts">
      <dt>{messages.publishedAt}</dt>
      <dd>
        {page.url === null ? (
          messages.notPublished
        ) : (
          <a href={page.url} target="_blank" rel="noopener noreferrer">
            {location.origin + page.url} <Icon name="external" size={12} />
          </a>
        )}
      </dd>
      <dt>{messages.filesAt}</dt>
      <dd>
        <code>{page.files}</code>
      </dd>
      <dt>{messages.subscribers}</dt>
      <dd>{page.subscribers}</dd>
    </dl>
  );
}

/** The incidents that it tells of, each with where its updates are written. */
function Told({ page, environment }: { page: StatusPageView; environment: string }) {
  const messages = useMessages().incidents;
  const formats = useFormats();
  const now = useNow();
  return (
    <div class="stack told">
      <h3>{messages.toldOf}</h3>
      {page.incidents.length === 0 && <p class="muted">{messages.toldOfNone}</p>}
      <ul class="link-rows">
        {page.incidents.slice(0, 10).map(({ id, title, status, severity, openedAt, updates }) => (
          <li key={id}>
            <a
              href={pathTo("/environments/:environment/incidents/:incident", {
                environment,
                incident: String(id),
              })}
            >
              {title}
            </a>
            <p class="alert-facts">
              <SeverityBadge severity={severity} />
              <Badge tone="quiet">{messages.statuses[status]}</Badge>
              <span class="muted">
                {formats.ago(openedAt, now)} · {messages.updates(updates)}
              </span>
            </p>
          </li>
        ))}
      </ul>
      <p class="muted">{messages.howTold}</p>
    </div>
  );
}

/** The page itself, as others see it. */
function Preview({ page, round }: { page: StatusPageView; round: number }) {
  const messages = useMessages().incidents;
  const [phone, setPhone] = useState(false);
  const { environment, name } = page;
  const address = `/api/v1/status-pages/${encodeURIComponent(environment)}/${encodeURIComponent(name)}/index.html`;
  return (
    <figure class={phone ? "status-preview is-phone" : "status-preview"}>
      <figcaption>
        <h3>{messages.preview}</h3>
        <button type="button" class="button small" aria-pressed={phone} onClick={() => setPhone(!phone)}>
          <Icon name="phone" size={13} /> {messages.asPhone}
        </button>
      </figcaption>
      <PreviewFrame address={address} round={round} title={messages.preview} />
    </figure>
  );
}
