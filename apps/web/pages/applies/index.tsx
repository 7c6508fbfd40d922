import { type Apply, countSteps } from "@havn/model";
import { useFormats, useMessages } from "../../kit/context.ts";
import { definePage } from "../../kit/page.ts";
import { pathTo } from "../../kit/router.ts";
import { Icon, type IconName } from "../../ui/icon.tsx";
import { Ago } from "../../ui/parts.tsx";
import { EmptyState } from "../../ui/states.tsx";

export const page = definePage({
  path: "/environments/:environment/applies",
  nav: { label: "applies", icon: "deploy", order: 3, key: "p" },
  title: (messages, { environment }) => `${messages.applies.title} · ${environment}`,
  load: ({ api, params: { environment }, signal }) => api.applies(environment, signal),
  view: ({ data: { applies }, params: { environment } }) => {
    const messages = useMessages().applies;
    return (
      <>
        <header class="page-head">
          <h1>{messages.title}</h1>
        </header>
        {applies.length === 0 ? (
          <EmptyState icon="deploy" title={messages.empty} detail={messages.emptyDetail} />
        ) : (
          <section class="panel flush">
            <ul class="releases applies" aria-label={messages.label}>
              {applies.map((apply) => (
                <Row key={apply.id} apply={apply} environment={environment} />
              ))}
            </ul>
          </section>
        )}
      </>
    );
  },
});

const icons: Record<Apply["state"], IconName> = {
  running: "starting",
  succeeded: "healthy",
  failed: "unhealthy",
  cancelled: "stopped",
};

function Row({ apply, environment }: { apply: Apply; environment: string }) {
  const { apply: words, applies: messages, service } = useMessages();
  const formats = useFormats();
  const { failed = 0, ...others } = countSteps(apply);
  const changes = Object.values(others).reduce((sum, count) => sum + count, failed);
  const took = apply.endedAt === undefined ? undefined : (apply.endedAt - apply.startedAt) / 1000;
  return (
    <li class={`apply-${apply.state}`}>
      <Icon name={icons[apply.state]} label={words.states[apply.state]} />
      <a href={pathTo("/environments/:environment/applies/:apply", { environment, apply: apply.id })}>
        {words.kinds[apply.kind]}
      </a>
      <span class="muted">
        {messages.changes(changes)}
        {failed > 0 && <b class="bad"> {messages.failed(failed)}</b>}
        {took !== undefined && ` · ${formats.seconds(took)}`}
      </span>
      <span class="muted push">
        <Ago at={apply.startedAt} /> {service.by} {apply.actor.replace(/^\w+:/, "")}
      </span>
    </li>
  );
}
