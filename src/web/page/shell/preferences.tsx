import { theme, themes } from "../data/theme.ts";
import { type Language, chooseLanguage, language, languages, words } from "../text/language.ts";
import { SelectField } from "../ui/field.tsx";

/** How the page looks and speaks in this browser. */
export function Preferences() {
  const text = words.value.common;
  return (
    <div class="preferences">
      <SelectField
        label={text.theme}
        value={theme.value}
        options={themes.map((name) => [name, text.themes[name]] as const)}
        onChange={(name) => {
          theme.value = name;
        }}
      />
      <SelectField
        label={text.language}
        value={language.value}
        options={Object.entries(languages) as [Language, string][]}
        onChange={chooseLanguage}
      />
    </div>
  );
}
