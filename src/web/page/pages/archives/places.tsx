import type { ArchiveList, Place } from "../../../api/archives.ts";
import { isOperator } from "../../data/session.ts";
import { formats, words } from "../../text/language.ts";
import { Button } from "../../ui/button.tsx";
import { Notice } from "../../ui/notice.tsx";
import { RoomBar } from "../../ui/room-bar.tsx";

/** Where archives are, how much room is left there, and what retention would do. */
export function Places({ list, onRetention }: { list: ArchiveList; onRetention: (place: Place) => void }) {
  const text = words.value.archives;
  const format = formats.value;
  return (
    <ul class="places">
      {list.places.map((place) => {
        const { id, name, problem, freeBytes, totalBytes } = place;
        const count = list.archives.filter(({ placeId }) => placeId === id).length;
        return (
          <li key={id} class={problem === null ? "card place" : undefined}>
            {problem !== null ? (
              <Notice tone="bad" title={text.placeProblem(name)}>
                <p>{problem}</p>
              </Notice>
            ) : (
              <>
                <p class="strong path">{name}</p>
                {freeBytes !== null && totalBytes !== null && (
                  <RoomBar name={name} freeBytes={freeBytes} totalBytes={totalBytes} />
                )}
                <div class="between">
                  <p class="muted">
                    {text.count(count)}
                    {freeBytes !== null &&
                      totalBytes !== null &&
                      ` · ${text.free(format.bytes(freeBytes), format.bytes(totalBytes))}`}
                  </p>
                  {isOperator() && (
                    <Button kind="quiet" icon="broom" onClick={() => onRetention(place)}>
                      {text.retention}
                    </Button>
                  )}
                </div>
              </>
            )}
          </li>
        );
      })}
    </ul>
  );
}
