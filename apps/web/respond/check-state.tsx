import type { CheckView } from "@havn/model";
import { useMessages } from "../kit/context.ts";
import { Icon, type IconName } from "../ui/icon.tsx";
import { type Shown, shownState } from "./checks.ts";
import { Badge, type Tone } from "./parts.tsx";

const icons: Record<Shown, IconName> = {
  ...{ ok: "healthy", warning: "warning", critical: "unhealthy", unknown: "unknown", never: "starting" },
};
export const checkTones: Record<Shown, Tone> = {
  ...{ ok: "good", warning: "warn", critical: "bad", unknown: "info", never: "quiet" },
};

/** State by shape, colour and word. */
export function CheckState({ view }: { view: CheckView }) {
  const state = shownState(view);
  const { states } = useMessages().checks;
  return (
    <span class={`check-state tone-${checkTones[state]}`}>
      <Icon name={icons[state]} size={17} /> {states[state]}
    </span>
  );
}

/** What makes its state less than plain: soft, flapping, behind another. */
export function CheckBadges({ view }: { view: CheckView }) {
  const messages = useMessages().checks;
  const { result, unreachable, attempts } = view;
  return (
    <>
      {result && !result.hard && (
        <Badge tone="quiet" title={messages.softDetail}>
          {messages.soft(result.attempt, attempts)}
        </Badge>
      )}
      {result?.flapping && (
        <Badge tone="warn" title={messages.flapsDetail}>
          {messages.flaps(Math.round(result.flapPercent))}
        </Badge>
      )}
      {unreachable.length > 0 && (
        <Badge tone="quiet" icon="link">
          {messages.behind(unreachable.map((one) => one.split("/").at(-1) ?? one).join(", "))}
        </Badge>
      )}
    </>
  );
}
