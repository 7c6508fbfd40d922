import type { RefObject } from "preact";
import { useLayoutEffect, useState } from "preact/hooks";
import type { MapEdge } from "./tiers.ts";

export interface PlacedEdge {
  edge: MapEdge;
  path: string;
  /** Where a label would stand, in the frame. */
  x: number;
  y: number;
  /** Side by side there is room for one; on a phone, where hosts stand below each other, there is not. */
  labelled: boolean;
}

/** Draws edges between the elements that carry `data-node`, and again when anything moves. */
export function usePlacedEdges(frame: RefObject<HTMLElement | null>, edges: MapEdge[]): PlacedEdge[] {
  const [placed, setPlaced] = useState<PlacedEdge[]>([]);
  useLayoutEffect(() => {
    const element = frame.current;
    if (!element) return;
    const place = () => setPlaced(edges.flatMap((edge) => placeEdge(element, edge) ?? []));
    place();
    const observer = new ResizeObserver(place);
    observer.observe(element);
    for (const card of element.querySelectorAll("[data-node^='host:']")) observer.observe(card);
    return () => observer.disconnect();
  }, [edges]);
  return placed;
}

interface Box {
  left: number;
  right: number;
  top: number;
  bottom: number;
  middleX: number;
  middleY: number;
}

function boxOf(frame: HTMLElement, element: Element): Box {
  const outer = frame.getBoundingClientRect();
  const inner = element.getBoundingClientRect();
  const [left, top] = [inner.left - outer.left, inner.top - outer.top];
  return {
    left,
    top,
    right: left + inner.width,
    bottom: top + inner.height,
    middleX: left + inner.width / 2,
    middleY: top + inner.height / 2,
  };
}

function placeEdge(frame: HTMLElement, edge: MapEdge): PlacedEdge | undefined {
  const find = (node: string) => frame.querySelector(`[data-node="${CSS.escape(node)}"]`);
  const [from, to] = [find(edge.from), find(edge.to)];
  const [fromCard, toCard] = [from?.closest(".host-card") ?? from, to?.closest(".host-card") ?? to];
  if (!from || !to || !fromCard || !toCard || fromCard === toCard) return undefined;
  const [a, b] = [boxOf(frame, fromCard), boxOf(frame, toCard)];
  if (b.left - a.right > 20) {
    // From the row inside its card, out at the card's edge.
    const [y1, y2] = [boxOf(frame, from).middleY, boxOf(frame, to).middleY];
    const bend = (b.left - a.right) / 2;
    const path = `M${a.right} ${y1}C${a.right + bend} ${y1} ${b.left - bend} ${y2} ${b.left} ${y2}`;
    return { edge, path, x: (a.right + b.left) / 2, y: (y1 + y2) / 2, labelled: true };
  }
  return { edge, path: `M${a.middleX} ${a.bottom}V${b.top}`, x: 0, y: 0, labelled: false };
}
