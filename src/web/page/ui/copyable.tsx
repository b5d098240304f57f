import { useSignal } from "@preact/signals";
import { useId, useRef } from "preact/hooks";
import { words } from "../text/language.ts";
import { Button } from "./button.tsx";

/** Something to be copied elsewhere. */
export function Copyable({ label, text }: { label: string; text: string }) {
  const id = useId();
  const input = useRef<HTMLInputElement>(null);
  const isCopied = useSignal(false);
  const copy = async (): Promise<void> => {
    input.current?.select();
    try {
      await navigator.clipboard.writeText(text);
      isCopied.value = true;
    } catch {
      // Without TLS the browser gives no clipboard; it stands selected, and Ctrl-C takes it.
    }
  };
  return (
    <div class="field">
      <label for={id}>{label}</label>
      <div class="copyable">
        <input id={id} ref={input} readOnly value={text} class="mono" onFocus={() => input.current?.select()} />
        <Button icon={isCopied.value ? "check" : "copy"} onClick={() => void copy()}>
          {isCopied.value ? words.value.common.copied : words.value.common.copy}
        </Button>
      </div>
    </div>
  );
}
