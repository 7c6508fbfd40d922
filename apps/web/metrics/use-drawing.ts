import { useEffect, useRef } from "preact/hooks";
import uPlot from "uplot";

/**
 * A drawing that lives in the element which the returned reference is given to: made once with `options`, it follows new
 * data, the element's width and `height`, and is drawn anew when what lies over it changes.
 */
export function useDrawing(given: {
  options(root: HTMLElement): uPlot.Options;
  data: uPlot.AlignedData;
  height: number;
  over: readonly unknown[];
}) {
  const { options, data, height, over } = given;
  const element = useRef<HTMLDivElement>(null);
  const plot = useRef<uPlot>(undefined);
  const latestHeight = useRef(height);
  latestHeight.current = height;
  useEffect(() => {
    const root = element.current;
    if (!root) return;
    const made = new uPlot(options(root), data, root);
    plot.current = made;
    const fit = () => made.setSize({ width: root.clientWidth, height: latestHeight.current });
    const observer = new ResizeObserver(fit);
    observer.observe(root);
    return () => {
      observer.disconnect();
      made.destroy();
    };
  }, []);
  useEffect(() => {
    const root = element.current;
    if (root && plot.current?.height !== height) plot.current?.setSize({ width: root.clientWidth, height });
  }, [height]);
  useEffect(() => plot.current?.setData(data), [data]);
  useEffect(() => plot.current?.redraw(false), [...over]);
  return element;
}
