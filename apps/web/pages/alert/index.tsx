import type { AlertRule, AlertView } from "@havn/model";
import { useState } from "preact/hooks";
import { useApplication, useFormats, useMessages, useNow } from "../../kit/context.ts";
import { lazy } from "../../kit/lazy.tsx";
import { topics } from "../../kit/live.ts";
import { definePage } from "../../kit/page.ts";
import type { SilenceView } from "../../kit/respond-api.ts";
import { pathTo } from "../../kit/router.ts";
import { ActOutcome, useAct, useMay } from "../../respond/act.tsx";
import { covering } from "../../respond/matchers.ts";
import { answeredBy, PagingBadges } from "../../respond/paging.tsx";
import { Badge, SeverityBadge, type Tone } from "../../respond/parts.tsx";
import { ReasonBadges } from "../../respond/reasons.tsx";
import { SilenceForm } from "../../respond/silence-form.tsx";
import { type Row, rowsOf, type Stand } from "../../respond/views.ts";
import { Icon } from "../../ui/icon.tsx";

const AlertDetail = lazy(async () => ({
  default: (await import("../../respond/alert-detail.tsx")).AlertDetail,
}));

interface AlertData {
  row: Row;
  alert: AlertView;
  rule: AlertRule | undefined;
  silences: SilenceView[];
}

const tones: Record<Stand, Tone> = { firing: "bad", suppressed: "quiet", pending: "warn", resolved: "good" };

export const page = definePage({
  path: "/environments/:environment/alerts/:alert",
  title: (messages) => messages.respond.alert,
  async load({ api, params: { environment, alert: fingerprint }, signal }): Promise<AlertData> {
    const [{ alert, rule }, { paging }, maintenance, silences] = await Promise.all([
      api.alertView(environment, fingerprint, signal),
      api.paging(environment, signal),
      api.maintenance(signal),
      api.silences(signal),
    ]);
    const [row] = rowsOf({ alerts: [alert], paging, maintenance });
    if (!row) throw new Error("one alert gives one row");
    return { row, alert, rule, silences };
  },
  live: ({ environment }) => [
    topics.changed<AlertData>(`status:${environment}`),
    topics.changed<AlertData>("silences"),
    topics.happened<AlertData>(environment, /^(alert|page|incident|maintenance)\./),
  ],
  view: ({ data: { row, alert, rule, silences }, params: { environment }, reload }) => {
    const messages = useMessages();
    const formats = useFormats();
    const now = useNow();
    const act = useAct();
    const [silencing, setSilencing] = useState(false);
    const since = alert.firingSince ?? alert.activeSince;
    const at = row.stand === "resolved" ? (alert.resolvedAt ?? since) : since;
    return (
      <>
        <nav class="crumbs">
          <a href={pathTo("/environments/:environment/alerts", { environment })}>{messages.alerts.title}</a>
          <Icon name="chevron" size={12} />
          <span>{alert.rule}</span>
        </nav>
        <header class="page-head alert-head">
          <h1 lang="en">{alert.summary}</h1>
          <div class="alert-facts">
            <Badge tone={tones[row.stand]}>{messages.respond.stands[row.stand]}</Badge>
            <SeverityBadge severity={alert.severity} />
            <ReasonBadges row={row} />
            <PagingBadges paging={row.paging} />
            <time class="muted" title={formats.dateTime(at)}>
              {row.stand === "resolved"
                ? messages.alerts.ended(formats.ago(at, now))
                : messages.alerts.since(formats.ago(at, now))}
            </time>
          </div>
          <Buttons {...{ row, act, reload }} silence={() => setSilencing(true)} />
        </header>
        <ActOutcome act={act} />
        <section class="panel">
          <AlertDetail {...{ row, rule, silences }} />
        </section>
        {silencing && (
          <SilenceForm
            matchers={covering([alert.routed])}
            close={() => setSilencing(false)}
            saved={() => {
              setSilencing(false);
              reload();
            }}
          />
        )}
      </>
    );
  },
});

function Buttons(props: { row: Row; act: ReturnType<typeof useAct>; silence(): void; reload(): void }) {
  const { row, act } = props;
  const { api } = useApplication();
  const { respond } = useMessages();
  const { may, why } = useMay();
  const incident = row.paging?.incident;
  const answered = answeredBy(row.paging) !== undefined;
  return (
    <div class="actions">
      <button
        type="button"
        class="button primary"
        disabled={!may || incident === undefined || answered || act.busy}
        title={why ?? (incident === undefined ? respond.nothingToAnswer : undefined)}
        onClick={() =>
          void act
            .run(() => api.acknowledgeIncident(incident ?? 0), respond.acknowledgedIncidents(1))
            .then((done) => done && props.reload())
        }
      >
        <Icon name="check" /> {respond.acknowledge}
      </button>
      <button
        type="button"
        class="button"
        disabled={!may || row.stand === "resolved"}
        title={why}
        onClick={props.silence}
      >
        <Icon name="mute" /> {respond.silence}
      </button>
    </div>
  );
}
