import { useSignal } from "@preact/signals";
import type { Place, RetentionPreview } from "../../../api/archives.ts";
import { type ApiFailure, failureOf } from "../../data/failure.ts";
import { useResource } from "../../data/resource.ts";
import { formats, words } from "../../text/language.ts";
import { Badge } from "../../ui/badge.tsx";
import { Button } from "../../ui/button.tsx";
import { Dialog } from "../../ui/dialog.tsx";
import { Moment } from "../../ui/moment.tsx";
import { FailureNotice, Notice } from "../../ui/notice.tsx";
import { Loaded } from "../../ui/placeholder.tsx";
import { reasonText } from "./reason-text.ts";
import { startRun } from "./start-run.ts";

/** What retention would do in a place, with reasons, and a button to have it done. */
export function RetentionDialog({ place, onClose }: { place: Place; onClose: () => void }) {
  const resource = useResource<RetentionPreview>(`api/retention?place=${encodeURIComponent(place.id)}`);
  return (
    <Dialog title={words.value.archives.retentionTitle} size="large" onClose={onClose}>
      <div class="stack">
        <p class="muted path">{place.name}</p>
        <Loaded from={resource}>{(preview) => <Preview preview={preview} place={place} onClose={onClose} />}</Loaded>
      </div>
    </Dialog>
  );
}

function Preview({ preview, place, onClose }: { preview: RetentionPreview; place: Place; onClose: () => void }) {
  const text = words.value.archives;
  const format = formats.value;
  const isBusy = useSignal(false);
  const failure = useSignal<ApiFailure | undefined>(undefined);
  const going = preview.archives.filter(({ action }) => action === "remove").length;
  const prune = async (): Promise<void> => {
    isBusy.value = true;
    try {
      await startRun({ kind: "prune", place: place.id });
      onClose();
    } catch (error) {
      failure.value = failureOf(error);
      isBusy.value = false;
    }
  };
  if (!preview.configured) {
    return (
      <Notice tone="info" title={text.retentionNone}>
        <p>{text.retentionNoneAdvice}</p>
      </Notice>
    );
  }
  return (
    <>
      <p>
        <strong>
          {going === 0 ? text.retentionNothing : `${text.retentionRemoves(going, format.bytes(preview.removedBytes))}.`}
        </strong>{" "}
        {text.retentionKeeps(preview.archives.length - going)}.
      </p>
      <p class="muted">
        {text.retentionRules}: <code>{preview.rules.join(", ")}</code>
      </p>
      <RetentionTable preview={preview} />
      {failure.value !== undefined && <FailureNotice failure={failure.value} />}
      {going > 0 && (
        <div class="dialog-actions">
          <p class="muted">{text.pruneAbout}</p>
          <Button kind="danger" icon="broom" isBusy={isBusy.value} onClick={() => void prune()}>
            {text.pruneNow}
          </Button>
        </div>
      )}
    </>
  );
}

function RetentionTable({ preview }: { preview: RetentionPreview }) {
  const text = words.value.archives;
  return (
    // oxlint-disable-next-line jsx-a11y/no-noninteractive-tabindex -- it scrolls, and has to by keyboard too
    <ul class="retention" tabIndex={0} aria-label={text.retentionTitle}>
      {preview.archives.map(({ archiveId, name, time, sizeBytes, action, reasons }) => (
        <li key={archiveId} class={action}>
          <Badge tone={action === "keep" ? "ok" : "bad"} icon={action === "keep" ? "check" : "trash"}>
            {action === "keep" ? text.keep : text.goes}
          </Badge>
          <div class="retention-what">
            <span class="path">{name}</span>
            <span class="muted">{reasons.length === 0 ? text.noReason : reasons.map(reasonText).join(", ")}</span>
          </div>
          <div class="retention-when muted number">
            <Moment at={time} />
            <span>{formats.value.bytes(sizeBytes)}</span>
          </div>
        </li>
      ))}
    </ul>
  );
}
