import { useMessages } from "../kit/context.ts";
import { pathTo } from "../kit/router.ts";
import { Tabs } from "./parts.tsx";

/** Alerts, what mutes them and trying a rule are one entry of the side bar. */
export function AlertTabs(props: {
  environment: string;
  current: "alerts" | "silences" | "receivers" | "try";
}) {
  const messages = useMessages();
  const { environment, current } = props;
  return (
    <Tabs
      label={messages.alerts.title}
      tabs={[
        {
          href: pathTo("/environments/:environment/alerts", { environment }),
          text: messages.alerts.title,
          current: current === "alerts",
        },
        {
          href: pathTo("/environments/:environment/silences", { environment }),
          text: messages.respond.silences,
          current: current === "silences",
        },
        {
          href: pathTo("/environments/:environment/receivers", { environment }),
          text: messages.receivers.title,
          current: current === "receivers",
        },
        {
          href: pathTo("/environments/:environment/try-rule", { environment }),
          text: messages.tryRule.title,
          current: current === "try",
        },
      ]}
    />
  );
}
