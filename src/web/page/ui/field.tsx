import { useId } from "preact/hooks";
import { Icon } from "./icon.tsx";

/** A line of text with its label, help and what is wrong with it. */
export function TextField({
  label,
  value,
  onInput,
  help,
  error,
  type = "text",
  autocomplete,
  autofocus = false,
}: {
  label: string;
  value: string;
  onInput: (value: string) => void;
  help?: string;
  error?: string | undefined;
  type?: "text" | "password";
  autocomplete?: string;
  autofocus?: boolean;
}) {
  const id = useId();
  const notes = [help === undefined ? [] : `${id}-help`, error === undefined ? [] : `${id}-error`].flat().join(" ");
  return (
    <div class="field">
      <label for={id}>{label}</label>
      <input
        id={id}
        {...(type === "text" ? { type } : { type })}
        value={value}
        autocomplete={autocomplete ?? "off"}
        autocapitalize="none"
        spellcheck={false}
        // oxlint-disable-next-line jsx-a11y/no-autofocus -- the only thing to do on the sign-in
        autofocus={autofocus}
        aria-invalid={error !== undefined}
        aria-describedby={notes === "" ? undefined : notes}
        onInput={(event) => onInput(event.currentTarget.value)}
      />
      {help !== undefined && (
        <p class="help" id={`${id}-help`}>
          {help}
        </p>
      )}
      <p class="field-error" id={`${id}-error`} role="alert">
        {error}
      </p>
    </div>
  );
}

/** A field to search by, without a visible label. */
export function SearchField({
  label,
  value,
  onInput,
}: {
  label: string;
  value: string;
  onInput: (value: string) => void;
}) {
  return (
    <div class="search">
      <Icon name="search" size={16} />
      <input
        type="search"
        aria-label={label}
        placeholder={label}
        value={value}
        onInput={(event) => onInput(event.currentTarget.value)}
      />
    </div>
  );
}

/** One of several. */
export function SelectField<Value extends string>({
  label,
  value,
  options,
  onChange,
  isLabelHidden = false,
}: {
  label: string;
  value: Value;
  options: readonly (readonly [value: Value, text: string])[];
  onChange: (value: Value) => void;
  isLabelHidden?: boolean;
}) {
  const id = useId();
  return (
    <div class="field">
      <label for={id} class={isLabelHidden ? "visually-hidden" : undefined}>
        {label}
      </label>
      <select id={id} value={value} onChange={(event) => onChange(event.currentTarget.value as Value)}>
        {options.map(([option, text]) => (
          <option key={option} value={option} selected={option === value}>
            {text}
          </option>
        ))}
      </select>
    </div>
  );
}

/** Yes or no. */
export function CheckField({
  label,
  help,
  checked,
  onChange,
  disabled = false,
}: {
  label: string;
  help?: string;
  checked: boolean;
  onChange: (checked: boolean) => void;
  disabled?: boolean;
}) {
  const id = useId();
  return (
    <div class="check-field">
      <input
        id={id}
        type="checkbox"
        checked={checked}
        disabled={disabled}
        aria-describedby={help === undefined ? undefined : `${id}-help`}
        onChange={(event) => onChange(event.currentTarget.checked)}
      />
      <div>
        <label for={id}>{label}</label>
        {help !== undefined && (
          <p class="help" id={`${id}-help`}>
            {help}
          </p>
        )}
      </div>
    </div>
  );
}
