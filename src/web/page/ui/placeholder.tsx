import type { ComponentChildren } from "preact";
import type { Resource } from "../data/resource.ts";
import { words } from "../text/language.ts";
import { Button } from "./button.tsx";
import { Icon, type IconName } from "./icon.tsx";
import { FailureNotice, Notice } from "./notice.tsx";

/** Stands where nothing is, and says what to do about it. */
export function Empty({
  title,
  children,
  icon = "empty",
}: {
  title: string;
  children?: ComponentChildren;
  icon?: IconName;
}) {
  return (
    <div class="empty">
      <Icon name={icon} size={36} />
      <p class="empty-title">{title}</p>
      {children}
    </div>
  );
}

/** Stands where something will be in a moment. */
export function Loading() {
  return (
    <div class="loading" role="status">
      <span class="visually-hidden">{words.value.common.loading}</span>
      <div class="skeleton wide" />
      <div class="skeleton" />
      <div class="skeleton" />
    </div>
  );
}

/** Says that only operators see what would be here. */
export function OnlyOperators() {
  const text = words.value.common;
  return (
    <Notice tone="info" title={text.onlyOperators}>
      <p>{text.onlyOperatorsAdvice}</p>
    </Notice>
  );
}

/** Shows something of the server once it is there; until then that it comes, or why it does not. */
export function Loaded<T>({ from, children }: { from: Resource<T>; children: (data: T) => ComponentChildren }) {
  if (from.data !== undefined) return <>{children(from.data)}</>;
  if (from.failure === undefined) return <Loading />;
  const again = <Button onClick={from.reload}>{words.value.common.retry}</Button>;
  return from.failure.status === 403 ? <OnlyOperators /> : <FailureNotice failure={from.failure} actions={again} />;
}
