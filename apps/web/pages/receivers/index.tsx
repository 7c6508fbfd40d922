import type { ReceiverView } from "@havn/model";
import { useState } from "preact/hooks";
import { useMessages } from "../../kit/context.ts";
import { topics } from "../../kit/live.ts";
import { definePage } from "../../kit/page.ts";
import { AlertTabs } from "../../respond/alert-tabs.tsx";
import { Person, Pick } from "../../respond/parts.tsx";
import { EmptyState } from "../../ui/states.tsx";
import { TestList } from "./tests.tsx";
import { Words } from "./words.tsx";

interface ReceiversData {
  receivers: ReceiverView[];
  alerts: { fingerprint: string; summary: string }[];
}

export const page = definePage({
  path: "/environments/:environment/receivers",
  title: (messages, { environment }) => `${messages.receivers.title} · ${environment}`,
  async load({ api, params: { environment }, signal }): Promise<ReceiversData> {
    const [{ receivers }, { alerts }] = await Promise.all([
      api.receivers(environment, signal),
      api.alertViews(environment, signal),
    ]);
    return { receivers, alerts: alerts.filter(({ state }) => state === "firing") };
  },
  live: ({ environment }) => [
    topics.happened<ReceiversData>(environment, /^(receiver|apply|schedule)\.|^alert\.(firing|resolved)/),
  ],
  view: ({ data: { receivers, alerts }, params: { environment }, reload }) => {
    const messages = useMessages().receivers;
    return (
      <>
        <header class="page-head">
          <h1>{messages.title}</h1>
          <AlertTabs environment={environment} current="receivers" />
        </header>
        <p class="muted">{messages.lead}</p>
        {receivers.length === 0 && (
          <EmptyState icon="alert" title={messages.none} detail={messages.noneDetail} />
        )}
        {receivers.map((receiver) => (
          <Receiver key={receiver.name} {...{ receiver, alerts, reload }} />
        ))}
      </>
    );
  },
});

function Receiver(props: { receiver: ReceiverView; alerts: ReceiversData["alerts"]; reload(): void }) {
  const { receiver, alerts } = props;
  const messages = useMessages().receivers;
  const [alert, setAlert] = useState("");
  return (
    <section class="panel receiver" aria-label={receiver.name}>
      <header>
        <h2>{receiver.name}</h2>
      </header>
      <dl class="facts">
        <dt>{messages.channels}</dt>
        <dd>
          {receiver.channels.length === 0
            ? messages.noChannels
            : receiver.channels.map(({ kind, to }) => `${kind} ${to}`.trim()).join(", ")}
        </dd>
        {receiver.escalation !== undefined && (
          <>
            <dt>{messages.asksFirst}</dt>
            <dd>
              {receiver.people.length === 0
                ? messages.nobody
                : receiver.people.map(({ person }) => <Person key={person} name={person} />)}
            </dd>
          </>
        )}
      </dl>
      <Pick
        label={messages.alert}
        value={alert}
        options={[
          ["", messages.newest],
          ...alerts.slice(0, 100).map(({ fingerprint, summary }) => [fingerprint, summary] as const),
        ]}
        choose={setAlert}
      />
      <Words {...{ receiver }} alert={alert === "" ? undefined : alert} tested={props.reload} />
      <TestList tests={receiver.tests} />
    </section>
  );
}
