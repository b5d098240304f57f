import type { SettingsView } from "../../../api/settings.ts";
import { words } from "../../text/language.ts";
import { Hints } from "../../ui/notice.tsx";
import { Moment } from "../../ui/moment.tsx";
import { Empty } from "../../ui/placeholder.tsx";

/** What runs by itself, and when. */
export function Schedule({ view: { schedule } }: { view: SettingsView }) {
  const text = words.value.settings;
  if (schedule.length === 0) {
    return (
      <Empty title={text.noSchedule} icon="clock">
        <p class="muted">{text.noScheduleAdvice}</p>
        <Hints lines={["ngwbackup schedule --install"]} />
      </Empty>
    );
  }
  return (
    <div class="stack">
      <p class="muted">{text.scheduleAbout}</p>
      <table class="rows">
        <thead>
          <tr>
            <th scope="col">{text.what}</th>
            <th scope="col">{text.when}</th>
            <th scope="col">{text.next}</th>
          </tr>
        </thead>
        <tbody>
          {schedule.map(({ kind, when, nextAt }) => (
            <tr key={kind}>
              <th scope="row" class="row-name">
                {words.value.common.kinds[kind]}
              </th>
              <td data-label={text.when}>
                <code>{when}</code>
              </td>
              <td data-label={text.next}>
                {nextAt === null ? (
                  <span class="muted">{words.value.common.unknown}</span>
                ) : (
                  <Moment at={nextAt} show="both" />
                )}
              </td>
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}
