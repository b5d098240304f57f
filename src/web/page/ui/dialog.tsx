import type { ComponentChildren } from "preact";
import { useEffect, useId, useRef } from "preact/hooks";
import { words } from "../text/language.ts";
import { IconButton } from "./button.tsx";

/** A dialog over the page while it is mounted. The browser keeps the focus in it, and gives it back to where it was. */
export function Dialog({
  title,
  children,
  onClose,
  size = "small",
}: {
  title: string;
  children: ComponentChildren;
  /** Asked to close: Escape, the cross, a click beside it. */
  onClose: () => void;
  size?: "small" | "large";
}) {
  const dialog = useRef<HTMLDialogElement>(null);
  const id = useId();
  useEffect(() => {
    const opener = document.activeElement;
    const element = dialog.current;
    element?.showModal();
    // Where one writes first; else what changes nothing.
    element?.querySelector<HTMLElement>("form :is(input, select), .dialog-actions button")?.focus();
    return () => {
      element?.close();
      if (opener instanceof HTMLElement && opener.isConnected) opener.focus();
    };
  }, []);
  return (
    // oxlint-disable-next-line jsx-a11y/no-noninteractive-element-interactions -- a click beside it closes it, and Escape does, too
    <dialog
      ref={dialog}
      class={`dialog ${size}`}
      aria-labelledby={id}
      onCancel={(event) => {
        event.preventDefault();
        onClose();
      }}
      onMouseDown={(event) => {
        if (event.target === dialog.current) onClose();
      }}
    >
      <div class="dialog-inside">
        <header class="dialog-head">
          <h2 id={id}>{title}</h2>
          <IconButton name={words.value.common.close} icon="close" onClick={onClose} />
        </header>
        {children}
      </div>
    </dialog>
  );
}
