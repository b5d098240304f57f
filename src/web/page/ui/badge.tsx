import type { ComponentChildren } from "preact";
import type { RunState } from "../../api/common.ts";
import { words } from "../text/language.ts";
import { Icon, type IconName } from "./icon.tsx";
import { type Tone, runTones, toneIcons } from "./tone.ts";

/** A short word about a thing, with a colour and an icon that say the same. */
export function Badge({
  tone,
  children,
  icon,
  title,
}: {
  tone: Tone;
  children: ComponentChildren;
  icon?: IconName | null;
  title?: string | undefined;
}) {
  const drawn = icon === undefined ? toneIcons[tone] : icon;
  return (
    <span class={`badge ${tone}`} title={title}>
      {drawn !== null && <Icon name={drawn} size={14} />}
      {children}
    </span>
  );
}

/** How a run stands. */
export function RunBadge({ state }: { state: RunState }) {
  const icon: IconName = state === "running" ? "play" : toneIcons[runTones[state]];
  return (
    <Badge tone={runTones[state]} icon={icon}>
      {words.value.common.states[state]}
    </Badge>
  );
}
