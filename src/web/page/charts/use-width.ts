import { type Signal, useSignal } from "@preact/signals";
import { type RefObject } from "preact";
import { useLayoutEffect } from "preact/hooks";

/** The width of an element in CSS pixels, as it changes; 0 until it is known. */
export function useWidth(element: RefObject<HTMLDivElement | null>): Signal<number> {
  const width = useSignal(0);
  useLayoutEffect(() => {
    const target = element.current;
    if (target === null) return undefined;
    width.value = Math.floor(target.clientWidth);
    const observer = new ResizeObserver(() => {
      width.value = Math.floor(target.clientWidth);
    });
    observer.observe(target);
    return () => observer.disconnect();
  }, [element, width]);
  return width;
}
