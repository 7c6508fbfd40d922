const two = (value: number) => String(value).padStart(2, "0");

/** As `datetime-local` wants it, in the browser's zone. */
export function toLocal(at: number): string {
  const date = new Date(at);
  return `${date.getFullYear()}-${two(date.getMonth() + 1)}-${two(date.getDate())}T${two(date.getHours())}:${two(date.getMinutes())}`;
}

/** Undefined for what is no whole time yet. */
export function fromLocal(text: string): number | undefined {
  const at = new Date(text).getTime();
  return Number.isFinite(at) ? at : undefined;
}
