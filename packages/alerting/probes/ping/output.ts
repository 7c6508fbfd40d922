/** What iputils' and BusyBox' ping sum up: loss in per cent, average round trip in milliseconds. */
export function readPing(output: string): { loss: number; rtt: number | undefined } | undefined {
  const loss = /([\d.]+)% packet loss/.exec(output)?.[1];
  if (loss === undefined) return undefined;
  const average = /min\/avg\/max[^=]*= [\d.]+\/([\d.]+)/.exec(output)?.[1];
  return { loss: Number(loss), rtt: average === undefined ? undefined : Number(average) };
}
