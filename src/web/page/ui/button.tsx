import type { ComponentChildren } from "preact";
import { Icon, type IconName } from "./icon.tsx";

interface ButtonProps {
  children: ComponentChildren;
  onClick?: () => void;
  kind?: "primary" | "plain" | "quiet" | "danger";
  icon?: IconName;
  type?: "button" | "submit";
  /** Something is under way: it stays focused, and cannot be pressed again. */
  isBusy?: boolean;
  disabled?: boolean;
}

/** A button that does something here; what leads elsewhere is a link. */
export function Button({ children, onClick, kind = "plain", icon, type = "button", isBusy, disabled }: ButtonProps) {
  const press = (event: Event): void => {
    if (isBusy === true) event.preventDefault();
    else onClick?.();
  };
  return (
    // oxlint-disable-next-line react/button-has-type -- it is one of two
    <button class={`button ${kind}`} type={type} disabled={disabled} aria-busy={isBusy === true} onClick={press}>
      {isBusy === true ? <span class="spinner" /> : icon !== undefined && <Icon name={icon} />}
      <span>{children}</span>
    </button>
  );
}

/** A button of an icon alone, with its name for those who cannot see it. */
export function IconButton({ name, icon, onClick }: { name: string; icon: IconName; onClick: () => void }) {
  return (
    <button class="icon-button" type="button" aria-label={name} title={name} onClick={onClick}>
      <Icon name={icon} />
    </button>
  );
}

/** A link that looks like a button. */
export function ButtonLink({
  href,
  children,
  kind = "plain",
  icon,
}: {
  href: string;
  children: ComponentChildren;
  kind?: "primary" | "plain" | "quiet";
  icon?: IconName;
}) {
  return (
    <a class={`button ${kind}`} href={href}>
      {icon !== undefined && <Icon name={icon} />}
      <span>{children}</span>
    </a>
  );
}
