import type { ComponentChildren } from "preact";
import { useMessages } from "../kit/context.ts";
import { Icon, type IconName } from "../ui/icon.tsx";
import { byImportance } from "./matchers.ts";

/** Pages that belong together, one entry of the side bar. */
export function Tabs(props: { label: string; tabs: { href: string; text: string; current: boolean }[] }) {
  return (
    <nav class="tabs" aria-label={props.label}>
      {props.tabs.map(({ href, text, current }) => (
        <a key={href} href={href} aria-current={current ? "page" : undefined}>
          {text}
        </a>
      ))}
    </nav>
  );
}

export type Tone = "good" | "warn" | "bad" | "info" | "quiet";

export function Badge(props: { tone: Tone; icon?: IconName; title?: string; children: ComponentChildren }) {
  return (
    <span class={`badge badge-${props.tone}`} title={props.title}>
      {props.icon && <Icon name={props.icon} size={13} />}
      {props.children}
    </span>
  );
}

export const severityTone = (severity: string): Tone =>
  severity === "critical" ? "bad" : severity === "warning" ? "warn" : "info";

export function SeverityBadge({ severity }: { severity: "info" | "warning" | "critical" }) {
  const { severities } = useMessages().alerts;
  return <Badge tone={severityTone(severity)}>{severities[severity]}</Badge>;
}

/** Labels as small chips; `choose` makes each a button that filters by it. */
export function Labels(props: {
  labels: Readonly<Record<string, string>>;
  without?: readonly string[];
  choose?: ((name: string, value: string) => void) | undefined;
}) {
  const { filterBy } = useMessages().respond;
  const shown = Object.entries(props.labels)
    .filter(([name]) => !props.without?.includes(name))
    .sort(([a], [b]) => byImportance(a, b));
  if (shown.length === 0) return null;
  const { choose } = props;
  return (
    <ul class="labels">
      {shown.map(([name, value]) => (
        <li key={name}>
          {choose ? (
            <button type="button" title={filterBy} onClick={() => choose(name, value)}>
              <span>{name}</span>
              {value}
            </button>
          ) : (
            <span class="label">
              <span>{name}</span>
              {value}
            </span>
          )}
        </li>
      ))}
    </ul>
  );
}

/** A label above a control; the control is its child. */
export function Field(props: { label: string; hint?: string | undefined; children: ComponentChildren }) {
  return (
    // biome-ignore lint/a11y/noLabelWithoutControl: the control is the child that each use gives
    <label class="field">
      <span>{props.label}</span>
      {props.children}
      {props.hint && <small>{props.hint}</small>}
    </label>
  );
}

/** One of few, as buttons side by side. */
export function Segments<T extends string>(props: {
  label: string;
  value: T;
  options: readonly { value: T; text: string; count?: number | undefined }[];
  choose(value: T): void;
}) {
  return (
    <fieldset class="segments" aria-label={props.label}>
      {props.options.map(({ value, text, count }) => (
        <button
          type="button"
          key={value}
          aria-pressed={props.value === value}
          onClick={() => props.choose(value)}
        >
          <span>
            {text}
            {count !== undefined && <i class="segment-count">{count}</i>}
          </span>
        </button>
      ))}
    </fieldset>
  );
}

/** Who was asked, by the first letters of the name. */
export function Person({ name, tone }: { name: string; tone?: Tone | undefined }) {
  return (
    <span class={`person${tone ? ` person-${tone}` : ""}`}>
      <i aria-hidden="true">{name.slice(0, 2)}</i>
      {name}
    </span>
  );
}

/** A choice out of a list with its label in front, for filter bars. */
export function Pick(props: {
  label: string;
  value: string;
  options: readonly (readonly [value: string, text: string])[];
  choose(value: string): void;
}) {
  return (
    <label>
      <span>{props.label}</span>
      <select
        aria-label={props.label}
        value={props.value}
        onChange={(event) => props.choose(event.currentTarget.value)}
      >
        {props.options.map(([value, text]) => (
          <option key={value} value={value}>
            {text}
          </option>
        ))}
      </select>
    </label>
  );
}

/** `user:ada` → `ada`. */
export const nameOf = (actor: string): string => actor.replace(/^(user|token):/, "");
