import type { ArchiveRow } from "../../../api/archives.ts";
import { runPath } from "../../router/routes.ts";
import { formats, words } from "../../text/language.ts";
import { Icon } from "../../ui/icon.tsx";
import { Moment } from "../../ui/moment.tsx";
import { runTones, toneIcons } from "../../ui/tone.ts";

/** When an archive was verified or drilled last, how that went, and the way to it. */
export function CheckedBy({ check }: { check: ArchiveRow["verified"] | ArchiveRow["drilled"] }) {
  const text = words.value;
  if (check === null) return <span class="muted">—</span>;
  const tone = runTones[check.state];
  const recoveryMs = "recoveryMs" in check ? check.recoveryMs : null;
  return (
    <a class={`checked ${tone}`} href={runPath(check.runId)} title={text.common.states[check.state]}>
      <Icon name={toneIcons[tone]} size={15} />
      <span>
        <span class="visually-hidden">{text.common.states[check.state]}, </span>
        <Moment at={check.at} show="age" />
        {recoveryMs !== null && (
          <span class="muted recovery"> {text.archives.recovery(formats.value.duration(recoveryMs))}</span>
        )}
      </span>
    </a>
  );
}
