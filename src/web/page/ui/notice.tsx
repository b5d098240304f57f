import type { ComponentChildren } from "preact";
import type { ApiFailure } from "../data/failure.ts";
import { words } from "../text/language.ts";
import { Icon } from "./icon.tsx";
import { type Tone, toneIcons } from "./tone.ts";

/** Something that has to be read, with what to do about it. */
export function Notice({
  tone,
  title,
  children,
  hints = [],
  actions,
  role,
}: {
  tone: Tone;
  title: string;
  children?: ComponentChildren;
  /** Next steps, a line each. */
  hints?: readonly string[];
  actions?: ComponentChildren;
  /** `alert` is read out at once. */
  role?: "alert" | "status";
}) {
  return (
    <div class={`notice ${tone}`} role={role}>
      <Icon name={toneIcons[tone]} size={20} />
      <div class="notice-body">
        <p class="notice-title">{title}</p>
        {children}
        <Hints lines={hints} />
        {actions !== undefined && <div class="row">{actions}</div>}
      </div>
    </div>
  );
}

/** Next steps, ready to be pasted where they are commands. */
export function Hints({ lines }: { lines: readonly string[] }) {
  if (lines.length === 0) return null;
  const text = words.value.common;
  return (
    <div class="hints">
      <p class="muted">{lines.length === 1 ? text.nextStep : text.nextSteps}</p>
      <ul>
        {lines.map((line) => (
          <li key={line}>
            <code>{line}</code>
          </li>
        ))}
      </ul>
    </div>
  );
}

/** An error of the server with its hints, and a way to try again where there is one. */
export function FailureNotice({
  failure,
  title,
  actions,
}: {
  failure: ApiFailure;
  title?: string;
  actions?: ComponentChildren;
}) {
  const text = words.value.common;
  const message = text.failures[failure.code] ?? failure.message;
  return (
    <Notice tone="bad" title={title ?? text.errorTitle} hints={failure.hints} actions={actions} role="alert">
      <p>{message}</p>
    </Notice>
  );
}
