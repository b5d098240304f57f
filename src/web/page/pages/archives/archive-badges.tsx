import type { ArchiveRow } from "../../../api/archives.ts";
import { words } from "../../text/language.ts";
import { Badge } from "../../ui/badge.tsx";
import { archiveTones } from "../../ui/tone.ts";

/** How an archive stands, in a few short words. @param isShort among many others */
export function ArchiveBadges({ archive, isShort = false }: { archive: ArchiveRow; isShort?: boolean }) {
  const text = words.value.archives;
  const { state, losses, encrypted, incremental, base, missingBase, isOurs, tags, problem } = archive;
  return (
    <span class="badges">
      <Badge tone={archiveTones[state]} title={problem ?? text.stateHelp[state]}>
        {state === "losses" ? words.value.common.losses(losses) : text.states[state]}
      </Badge>
      {missingBase.length > 0 && (
        <Badge tone="bad" title={text.missingBaseHelp(missingBase.join(", "))}>
          {text.missingBase}
        </Badge>
      )}
      {encrypted && (
        <Badge tone="plain" icon="lock" title={text.encrypted}>
          <span class={isShort ? "visually-hidden" : undefined}>{text.encrypted}</span>
        </Badge>
      )}
      {incremental && (
        <Badge tone="plain" icon="layers" title={text.incrementOf(base[0] ?? "?")}>
          {text.incremental}
        </Badge>
      )}
      {isOurs === false && (
        <Badge tone="plain" title={archive.instance ?? undefined}>
          {text.otherInstance}
        </Badge>
      )}
      {tags.map((tag) => (
        <span key={tag} class="tag">
          {tag}
        </span>
      ))}
    </span>
  );
}
