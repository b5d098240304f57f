import { useSignal } from "@preact/signals";
import type { SettingsView } from "../../../api/settings.ts";
import { words } from "../../text/language.ts";
import { CheckField, SearchField } from "../../ui/field.tsx";
import { Empty } from "../../ui/placeholder.tsx";

/** The configuration that is in force, with the source of each value. */
export function Options({ view: { files, options } }: { view: SettingsView }) {
  const text = words.value.settings;
  const filter = useSignal("");
  const isOnlySet = useSignal(false);
  const wanted = filter.value.trim().toLowerCase();
  const shown = options.filter(
    ({ section, option, value, isDefault }) =>
      (!isOnlySet.value || !isDefault) && `[${section}] ${option} ${value ?? ""}`.toLowerCase().includes(wanted),
  );
  const sections = [...new Set(shown.map(({ section }) => section))];
  return (
    <div class="stack">
      <p class="muted">{text.optionsAbout}</p>
      <p>
        {files.length === 0 ? (
          text.noFiles
        ) : (
          <>
            {text.files}: <code class="path">{files.join(", ")}</code>
          </>
        )}
      </p>
      <div class="toolbar">
        <SearchField
          label={text.filter}
          value={filter.value}
          onInput={(value) => {
            filter.value = value;
          }}
        />
        <CheckField
          label={text.onlySet}
          checked={isOnlySet.value}
          onChange={(checked) => {
            isOnlySet.value = checked;
          }}
        />
        <p class="muted toolbar-count" role="status">
          {text.optionCount(shown.length)}
        </p>
      </div>
      {shown.length === 0 && <Empty title={text.nothingFound} icon="search" />}
      {sections.map((section) => (
        <section key={section} aria-label={section}>
          <h2 class="section-name">[{section}]</h2>
          <table class="rows options">
            <thead>
              <tr>
                <th scope="col">{text.option}</th>
                <th scope="col">{text.value}</th>
                <th scope="col">{text.source}</th>
              </tr>
            </thead>
            <tbody>
              {shown
                .filter((option) => option.section === section)
                .map(({ option, value, source, isDefault }) => (
                  <tr key={option}>
                    <th scope="row" class="row-name">
                      {option}
                    </th>
                    <td data-label={text.value} class="path">
                      {value === null || value === "" ? <span class="muted">{text.unset}</span> : <code>{value}</code>}
                    </td>
                    <td data-label={text.source} class="muted path">
                      {isDefault ? text.default : source}
                    </td>
                  </tr>
                ))}
            </tbody>
          </table>
        </section>
      ))}
    </div>
  );
}
