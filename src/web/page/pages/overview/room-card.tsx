import type { Overview } from "../../../api/overview.ts";
import { formats, words } from "../../text/language.ts";
import { Card } from "../../ui/card.tsx";
import { RoomBar } from "../../ui/room-bar.tsx";

/** Room left where backups go, and when it runs out. */
export function RoomCard({ room }: { room: NonNullable<Overview["room"]> }) {
  const text = words.value.overview;
  const format = formats.value;
  const { path, freeBytes, totalBytes, growthBytesPerDay, fullAt } = room;
  const growth =
    growthBytesPerDay === null
      ? text.growthUnknown
      : growthBytesPerDay <= 0
        ? text.noGrowth
        : text.growth(format.bytes(growthBytesPerDay));
  return (
    <Card title={text.room}>
      <p class="figure number">{text.roomOf(format.bytes(freeBytes), format.bytes(totalBytes))}</p>
      <RoomBar name={text.room} freeBytes={freeBytes} totalBytes={totalBytes} />
      <p class="muted">
        {growth}
        {fullAt !== null && ` · ${text.fullOn(format.date(Date.parse(fullAt)))}`}
      </p>
      <p class="muted path">{path}</p>
    </Card>
  );
}
