import type { DashboardPanel } from "@havn/model";
import type { RefObject } from "preact";
import { Icon } from "../../ui/icon.tsx";
import { beyond, columns, type Item, type Place, rearranged, type Section } from "../layout.ts";
import { useDashboardTexts } from "../texts.ts";

/** What editing does to the panels. */
export interface EditActions {
  panels: readonly DashboardPanel[];
  change(panels: DashboardPanel[]): void;
  /** Opens the form of one. */
  open(index: number): void;
}

/** Buttons of a panel while it is edited. */
export function EditTools({ index, title, edit }: { index: number; title: string; edit: EditActions }) {
  const texts = useDashboardTexts();
  const { panels } = edit;
  const copy = () => {
    const { x: _x, y: _y, ...panel } = panels[index] ?? { kind: "text" as const, title: "" };
    edit.change([...panels.slice(0, index + 1), { ...panel }, ...panels.slice(index + 1)]);
  };
  return (
    <span class="edit-tools">
      <button
        type="button"
        class="icon-button"
        aria-label={texts.editPanel(title)}
        title={texts.edit}
        onClick={() => edit.open(index)}
      >
        <Icon name="pencil" size={14} />
      </button>
      <button
        type="button"
        class="icon-button"
        aria-label={`${texts.duplicate}: ${title}`}
        title={texts.duplicate}
        onClick={copy}
      >
        <Icon name="copy" size={14} />
      </button>
      <button
        type="button"
        class="icon-button"
        aria-label={`${texts.remove}: ${title}`}
        title={texts.remove}
        onClick={() => edit.change(panels.filter((_, at) => at !== index))}
      >
        <Icon name="close" size={14} />
      </button>
    </span>
  );
}

interface GripProps {
  item: Item;
  section: Section;
  edit: EditActions;
  element: RefObject<HTMLDivElement | null>;
}

const arrows: Record<string, { x: number; y: number }> = {
  ArrowLeft: { x: -1, y: 0 },
  ArrowRight: { x: 1, y: 0 },
  ArrowUp: { x: 0, y: -1 },
  ArrowDown: { x: 0, y: 1 },
};

/** Where a panel is taken by, to move it and to change its size; by keyboard too. */
export function Grip({ item, section, edit, element }: GripProps) {
  const texts = useDashboardTexts();
  const title = item.panel.title || texts.kinds[item.panel.kind];
  const set = (place: Partial<Place>) =>
    edit.change(rearranged(edit.panels, section, { index: item.index, ...place }));
  const moved = (by: { x: number; y: number }): Partial<Place> => ({ x: item.x + by.x, y: item.y + by.y });
  const sized = (by: { x: number; y: number }): Partial<Place> => ({
    width: item.width + by.x,
    height: item.height + by.y,
  });
  /** Follows the pointer, and takes what it comes to when it is let go. */
  const drag = (event: PointerEvent, placeBy: (by: { x: number; y: number }) => Partial<Place>) => {
    const cell = element.current;
    const grid = cell?.parentElement;
    if (!cell || !grid || event.button !== 0) return;
    event.preventDefault();
    const from = { x: event.clientX, y: event.clientY };
    const step = { x: grid.clientWidth / columns, y: 38 };
    const by = ({ clientX, clientY }: PointerEvent) => ({
      x: Math.round((clientX - from.x) / step.x),
      y: Math.round((clientY - from.y) / step.y),
    });
    const moving = new AbortController();
    const follow = (next: PointerEvent) => {
      const { x = item.x, y = item.y, width = item.width, height = item.height } = placeBy(by(next));
      cell.classList.add("moving");
      cell.style.setProperty("--x", String(Math.min(columns, Math.max(1, x + 1))));
      cell.style.setProperty("--y", String(Math.max(1, y + 1)));
      cell.style.setProperty("--w", String(Math.min(columns, Math.max(2, width))));
      cell.style.setProperty("--h", String(Math.max(2, height)));
    };
    const end = (next: PointerEvent) => {
      moving.abort();
      cell.classList.remove("moving");
      set(placeBy(by(next)));
    };
    addEventListener("pointermove", follow, { signal: moving.signal });
    addEventListener("pointerup", end, { signal: moving.signal });
  };
  const onKey = (event: KeyboardEvent, size: boolean) => {
    const by = arrows[event.key];
    if (!by) return;
    event.preventDefault();
    if (size) set(sized(by));
    else if (by.y === 0) set(moved(by));
    else set(beyond(section, item, by.y > 0 ? 1 : -1));
  };
  return (
    <>
      <button
        type="button"
        class="grip move"
        aria-label={texts.move(title)}
        title={texts.move(title)}
        onPointerDown={(event) => drag(event, moved)}
        onKeyDown={(event) => onKey(event, event.shiftKey)}
      >
        <Icon name="move" size={14} />
      </button>
      <button
        type="button"
        class="grip size"
        aria-label={texts.resize(title)}
        title={texts.resize(title)}
        onPointerDown={(event) => drag(event, sized)}
        onKeyDown={(event) => onKey(event, true)}
      />
    </>
  );
}
