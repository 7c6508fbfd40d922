import { useEffect, useState } from "preact/hooks";
import { useApplication, useFormats, useMessages, useNow } from "../../kit/context.ts";
import { lazy } from "../../kit/lazy.tsx";
import type { SilenceView } from "../../kit/respond-api.ts";
import { pathTo } from "../../kit/router.ts";
import { useMay } from "../../respond/act.tsx";
import { covering, type Matcher } from "../../respond/matchers.ts";
import { PagingBadges } from "../../respond/paging.tsx";
import { Labels, SeverityBadge } from "../../respond/parts.tsx";
import { ReasonBadges } from "../../respond/reasons.tsx";
import type { Group, Row } from "../../respond/views.ts";
import { Icon } from "../../ui/icon.tsx";

const AlertDetail = lazy(async () => ({
  default: (await import("../../respond/alert-detail.tsx")).AlertDetail,
}));

interface GroupProps {
  group: Group;
  by: string;
  environment: string;
  chosen: ReadonlySet<string>;
  toggle(rows: readonly Row[], on: boolean): void;
  silence(matchers: Matcher[]): void;
  choose(name: string, value: string): void;
}

/** More of one group are shown when they are asked for: a storm has thousands. */
const shownAtFirst = 50;

export function GroupPanel(props: GroupProps) {
  const { group, by, chosen, toggle, silence } = props;
  const messages = useMessages().respond;
  const { may, why } = useMay();
  const [all, setAll] = useState(false);
  const { rows, labels, receiver } = group;
  const shown = all ? rows : rows.slice(0, shownAtFirst);
  const every = rows.every(({ alert }) => chosen.has(alert.fingerprint));
  const title =
    receiver !== undefined
      ? receiver.split("/").at(-1)
      : by === "routing"
        ? messages.notRouted
        : Object.keys(labels).length === 0
          ? messages.without(by)
          : undefined;
  return (
    <section class="panel flush alert-group">
      <header>
        <input
          type="checkbox"
          checked={every}
          aria-label={messages.chooseGroup}
          onChange={(event) => toggle(rows, event.currentTarget.checked)}
        />
        <h2>
          {receiver !== undefined && <Icon name="link" size={14} label={messages.receiver} />} {title}
        </h2>
        <Labels labels={labels} choose={props.choose} />
        <span class="group-count">{messages.count(rows.length)}</span>
        <button
          type="button"
          class="icon-button"
          disabled={!may}
          title={why ?? messages.silenceGroup}
          aria-label={messages.silenceGroup}
          onClick={() =>
            silence(
              Object.keys(labels).length > 0
                ? covering([labels])
                : covering(rows.map(({ alert }) => alert.routed)),
            )
          }
        >
          <Icon name="mute" />
        </button>
      </header>
      <ul>
        {shown.map((row) => (
          <AlertItem key={row.alert.fingerprint} {...props} row={row} />
        ))}
      </ul>
      {shown.length < rows.length && (
        <button type="button" class="link more" onClick={() => setAll(true)}>
          {messages.showAll(rows.length)}
        </button>
      )}
    </section>
  );
}

function AlertItem({ row, group, environment, chosen, toggle, choose }: GroupProps & { row: Row }) {
  const messages = useMessages();
  const formats = useFormats();
  const now = useNow();
  const [open, setOpen] = useState(false);
  const { alert, stand } = row;
  const since = alert.firingSince ?? alert.activeSince;
  const at = stand === "resolved" ? (alert.resolvedAt ?? since) : since;
  const ago = formats.ago(at, now);
  const href = pathTo("/environments/:environment/alerts/:alert", {
    environment,
    alert: alert.fingerprint,
  });
  return (
    <li class={`alert-item stand-${stand} severity-${alert.severity}`}>
      <div class="alert-line">
        <input
          type="checkbox"
          aria-label={messages.respond.chooseAlert(alert.summary)}
          checked={chosen.has(alert.fingerprint)}
          onChange={(event) => toggle([row], event.currentTarget.checked)}
        />
        <div class="alert-main">
          <p class="alert-title">
            <a href={href} lang="en">
              {alert.summary}
            </a>
          </p>
          <div class="alert-facts">
            <SeverityBadge severity={alert.severity} />
            {stand !== "firing" && stand !== "suppressed" && (
              <span class="muted">{messages.respond.stands[stand]}</span>
            )}
            <ReasonBadges row={row} />
            <PagingBadges paging={row.paging} />
            <Labels
              labels={alert.routed}
              without={["env", "severity", ...Object.keys(group.labels)]}
              choose={choose}
            />
          </div>
        </div>
        {alert.value !== undefined && <b class="alert-value">{formats.number(alert.value)}</b>}
        <time title={formats.dateTime(at)}>
          {stand === "resolved" ? messages.alerts.ended(ago) : messages.alerts.since(ago)}
        </time>
        <button
          type="button"
          class="icon-button expand"
          aria-expanded={open}
          aria-label={messages.respond.details}
          onClick={() => setOpen(!open)}
        >
          <Icon name="chevron" />
        </button>
      </div>
      {open && <Opened row={row} environment={environment} />}
    </li>
  );
}

function Opened({ row, environment }: { row: Row; environment: string }) {
  const detail = useDetail(environment, row);
  return detail && <AlertDetail row={row} rule={detail.rule} silences={detail.silences} />;
}

type Rule = Parameters<typeof AlertDetail>[0]["rule"];

function useDetail(environment: string, { alert }: Row) {
  const { api } = useApplication();
  const [detail, setDetail] = useState<{ rule: Rule; silences: SilenceView[] }>();
  useEffect(() => {
    const stopping = new AbortController();
    Promise.all([
      api.alertView(environment, alert.fingerprint, stopping.signal),
      api.silences(stopping.signal),
    ]).then(
      ([{ rule }, silences]) => setDetail({ rule, silences }),
      // It has just been forgotten, or the server is away: what is in the row stays.
      () => undefined,
    );
    return () => stopping.abort();
  }, [alert.fingerprint, alert.silencedBy.join()]);
  return detail;
}
