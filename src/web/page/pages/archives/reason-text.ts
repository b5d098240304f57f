import { words } from "../../text/language.ts";

/** Why an archive stays, in the viewer's language where the page knows the reason; else as retention says it. */
export function reasonText(reason: string): string {
  const text = words.value.archives.reasons;
  switch (reason) {
    case "last snapshot":
      return text.last;
    case "hourly snapshot":
      return text.hourly;
    case "daily snapshot":
      return text.daily;
    case "weekly snapshot":
      return text.weekly;
    case "monthly snapshot":
      return text.monthly;
    case "yearly snapshot":
      return text.yearly;
    case "last sound archive":
      return text.sound;
    default:
      return reason;
  }
}
