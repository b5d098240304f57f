/** Forms of a counted thing; `#` stands for the number. Russian needs `few` and `many`, English `one` and `other`. */
export type PluralForms = Partial<Record<Intl.LDMLPluralRule, string>> & { other: string };

/** Says how many there are. */
export type Pluralize = (count: number, forms: PluralForms) => string;

/** Makes the one for a language. */
export function pluralizeIn(locale: string): Pluralize {
  const rules = new Intl.PluralRules(locale);
  const numbers = new Intl.NumberFormat(locale);
  return (count, forms) => (forms[rules.select(count)] ?? forms.other).replaceAll("#", numbers.format(count));
}
