import { useSignal } from "@preact/signals";
import type { ArchiveRow } from "../../../api/archives.ts";
import { formats, words } from "../../text/language.ts";
import { Badge } from "../../ui/badge.tsx";
import { Button } from "../../ui/button.tsx";
import { Card } from "../../ui/card.tsx";
import { Icon } from "../../ui/icon.tsx";
import { Moment } from "../../ui/moment.tsx";
import { Empty } from "../../ui/placeholder.tsx";
import { ArchiveBadges } from "../archives/archive-badges.tsx";
import { isUsable, newestUsable } from "../archives/choose-rows.ts";

const shownAtFirst = 8;

/** Archives that could be brought back, newest first. */
export function ChooseArchive({ archives }: { archives: readonly ArchiveRow[] }) {
  const text = words.value.restore;
  const isAllShown = useSignal(false);
  const usable = archives.filter(isUsable).toSorted((a, b) => Date.parse(b.time) - Date.parse(a.time));
  const newest = newestUsable(archives);
  const shown = isAllShown.value ? usable : usable.slice(0, shownAtFirst);
  return (
    <Card title={text.choose}>
      {usable.length === 0 ? (
        <Empty title={text.noneUsable} />
      ) : (
        <ul class="choices">
          {shown.map((archive) => (
            <li key={archive.id}>
              <a class="choice" href={`restore?archive=${encodeURIComponent(archive.id)}`}>
                <span class="choice-main">
                  <span class="strong">
                    <Moment at={archive.time} show="both" />
                  </span>
                  <span class="muted path">{archive.name}</span>
                </span>
                <span class="choice-side">
                  {archive.id === newest?.id && <Badge tone="info">{text.newest}</Badge>}
                  <ArchiveBadges archive={archive} isShort />
                  <span class="number">{formats.value.bytes(archive.sizeBytes)}</span>
                </span>
                <Icon name="right" />
              </a>
            </li>
          ))}
        </ul>
      )}
      {usable.length > shown.length && (
        <Button
          kind="quiet"
          icon="down"
          onClick={() => {
            isAllShown.value = true;
          }}
        >
          {words.value.archive.showAll(formats.value.count(usable.length))}
        </Button>
      )}
    </Card>
  );
}
