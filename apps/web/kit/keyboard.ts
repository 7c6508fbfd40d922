import { useEffect } from "preact/hooks";

/** Events out of a shadow root name its host as their target: the first of the path is where they began. */
const typing = (event: KeyboardEvent) => {
  const [target] = event.composedPath();
  return (
    target instanceof HTMLElement && target.closest("input, textarea, select, [contenteditable]") !== null
  );
};

/** Calls the handler of a key, or of two pressed in a row ("g m"), unless the visitor is typing or a dialog is open. */
export function useShortcuts(shortcuts: Record<string, () => void>): void {
  useEffect(() => {
    let prefix = "";
    let timer: ReturnType<typeof setTimeout> | undefined;
    const onKey = (event: KeyboardEvent) => {
      if (event.ctrlKey || event.metaKey || event.altKey || typing(event)) return;
      if (document.querySelector("dialog[open]")) return;
      const handler = shortcuts[prefix + event.key];
      clearTimeout(timer);
      prefix = "";
      if (handler) {
        event.preventDefault();
        handler();
      } else if (Object.keys(shortcuts).some((key) => key.startsWith(`${event.key} `))) {
        prefix = `${event.key} `;
        timer = setTimeout(() => {
          prefix = "";
        }, 1500);
      }
    };
    document.addEventListener("keydown", onKey);
    return () => {
      clearTimeout(timer);
      document.removeEventListener("keydown", onKey);
    };
  }, [shortcuts]);
}

/** `/` goes to the page's filter field. */
export function focusFilter(): void {
  document.querySelector<HTMLElement>("main [data-filter]")?.focus();
}
