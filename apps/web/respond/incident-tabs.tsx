import { useMessages } from "../kit/context.ts";
import { pathTo } from "../kit/router.ts";
import { Tabs } from "./parts.tsx";

/** Incidents, what they teach, and what others are told of them: one entry of the side bar. */
export function IncidentTabs(props: { environment: string; current: "list" | "figures" | "status" }) {
  const messages = useMessages().incidents;
  const { environment, current } = props;
  return (
    <Tabs
      label={messages.title}
      tabs={[
        {
          href: pathTo("/environments/:environment/incidents", { environment }),
          text: messages.title,
          current: current === "list",
        },
        {
          href: pathTo("/environments/:environment/incident-figures", { environment }),
          text: messages.figures,
          current: current === "figures",
        },
        {
          href: pathTo("/environments/:environment/status-pages", { environment }),
          text: messages.statusPages,
          current: current === "status",
        },
      ]}
    />
  );
}
