/** What is due when: the earliest first, a binary heap. */
export interface DueQueue<T> {
  push(at: number, item: T): void;
  /** When the earliest is due; undefined where nothing is. */
  next(): number | undefined;
  /** Takes the earliest out if it is due. */
  take(now: number): T | undefined;
  readonly size: number;
}

export function createDueQueue<T>(): DueQueue<T> {
  const heap: { at: number; item: T }[] = [];
  const before = (a: number, b: number): boolean =>
    (heap[a]?.at ?? Number.POSITIVE_INFINITY) < (heap[b]?.at ?? Number.POSITIVE_INFINITY);
  const swap = (a: number, b: number): void => {
    const [first, second] = [heap[a], heap[b]];
    if (!first || !second) return;
    heap[a] = second;
    heap[b] = first;
  };
  return {
    push(at, item) {
      heap.push({ at, item });
      for (let place = heap.length - 1; place > 0; ) {
        const parent = (place - 1) >> 1;
        if (!before(place, parent)) break;
        swap(place, parent);
        place = parent;
      }
    },
    next: () => heap[0]?.at,
    take(now) {
      const first = heap[0];
      if (!first || first.at > now) return undefined;
      const end = heap.pop();
      if (end && heap.length > 0) {
        heap[0] = end;
        for (let place = 0; ; ) {
          const left = 2 * place + 1;
          const least = before(left + 1, left) ? left + 1 : left;
          if (!before(least, place)) break;
          swap(least, place);
          place = least;
        }
      }
      return first.item;
    },
    get size() {
      return heap.length;
    },
  };
}
