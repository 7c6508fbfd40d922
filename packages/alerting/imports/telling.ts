import { formatDuration } from "@havn/model";

/** Somebody who was told, with their addresses. */
export interface Person {
  name: string;
  emails: string[];
}

/** People who are told from a time after the first trouble on. Seconds. */
export interface Span {
  people: readonly string[];
  begin: number;
  end: number | undefined;
}

/** Who is asked, and for how long. */
export interface Level {
  people: string[];
  timeout: string;
}

const usualTimeout = 30 * 60;

/** What several spans mean as levels: each lasts until somebody else is told. The last one lasts `repeat` seconds. */
export function levelsOf(spans: readonly Span[], repeat: number): Level[] {
  const edges = [
    ...new Set(spans.flatMap(({ begin, end }) => (end === undefined ? [begin] : [begin, end]))),
  ].sort((a, b) => a - b);
  const levels: Level[] = [];
  for (const [at, from] of edges.entries()) {
    const people = [
      ...new Set(
        spans
          .filter(({ begin, end }) => begin <= from && (end === undefined || from < end))
          .flatMap((one) => one.people),
      ),
    ];
    const to = edges[at + 1];
    const seconds = to === undefined ? repeat || usualTimeout : to - from;
    if (people.length > 0)
      levels.push({ people, timeout: formatDuration(Math.max(1, Math.round(seconds)) * 1000) });
  }
  return levels;
}
