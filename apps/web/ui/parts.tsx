import type { PropertyChange } from "@havn/model";
import type { ComponentChildren } from "preact";
import { useEffect, useRef } from "preact/hooks";
import { useFormats, useMessages, useNow } from "../kit/context.ts";
import { Icon } from "./icon.tsx";

export function Panel(props: {
  title: string;
  aside?: ComponentChildren;
  flush?: boolean;
  children: ComponentChildren;
}) {
  return (
    <section class={props.flush ? "panel flush" : "panel"}>
      <header>
        <h2>{props.title}</h2>
        {props.aside}
      </header>
      {props.children}
    </section>
  );
}

/** "2 min. ago", with the exact time as a tooltip. */
export function Ago({ at }: { at: number }) {
  const formats = useFormats();
  const now = useNow();
  return (
    <time dateTime={new Date(at).toISOString()} title={formats.dateTime(at)}>
      {formats.ago(at, now)}
    </time>
  );
}

export function Figure({ value, label, tone }: { value: string; label: string; tone?: "bad" | undefined }) {
  return (
    <div class={tone ? `figure ${tone}` : "figure"}>
      <b>{value}</b>
      <span>{label}</span>
    </div>
  );
}

/** Releases are named by the first digits of their digest. */
export const shortRelease = (release: string): string => release.slice(0, 8);

/** A dialog that takes the keyboard, closes on Escape and gives the focus back. */
export function Dialog(props: { title: string; wide?: boolean; close(): void; children: ComponentChildren }) {
  const element = useRef<HTMLDialogElement>(null);
  const { common } = useMessages();
  useEffect(() => {
    const before = document.activeElement;
    element.current?.showModal();
    return () => {
      if (before instanceof HTMLElement) before.focus();
    };
  }, []);
  return (
    <dialog
      ref={element}
      class={props.wide ? "wide" : undefined}
      aria-labelledby="dialog-title"
      onClose={props.close}
    >
      <header>
        <h2 id="dialog-title">{props.title}</h2>
        <button type="button" class="icon-button" aria-label={common.close} onClick={props.close}>
          <Icon name="close" />
        </button>
      </header>
      {props.children}
    </dialog>
  );
}

/** How one property differs: the diff where the agent made one, else before and after. */
export function Change({ change }: { change: PropertyChange }) {
  return (
    <div class="change">
      <code class="property">{change.property}</code>
      {change.diff ? (
        <pre class="diff">
          {change.diff
            .replace(/\n$/, "")
            .split("\n")
            .map((line, index) => (
              <span key={index} class={diffClass(line)}>
                {line}
                {"\n"}
              </span>
            ))}
        </pre>
      ) : (
        <pre class="diff">
          {change.before !== undefined && <span class="removed">{`- ${shown(change.before)}\n`}</span>}
          {change.after !== undefined && <span class="added">{`+ ${shown(change.after)}\n`}</span>}
        </pre>
      )}
    </div>
  );
}

function diffClass(line: string): string | undefined {
  if (line.startsWith("@@") || line.startsWith("+++") || line.startsWith("---")) return "place";
  if (line.startsWith("+")) return "added";
  if (line.startsWith("-")) return "removed";
  return undefined;
}

const shown = (value: unknown) => (typeof value === "string" ? value : JSON.stringify(value));
