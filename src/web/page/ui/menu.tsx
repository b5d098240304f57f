import type { ComponentChildren } from "preact";
import { useId, useRef } from "preact/hooks";
import { Icon, type IconName } from "./icon.tsx";

/** Things to do behind a button: a popover, which the browser closes by Escape and by a click beside it. */
export function Menu({
  name,
  icon,
  label,
  children,
}: {
  /** For those who cannot see the icon. */
  name: string;
  icon: IconName;
  /** Shown beside the icon, where there is room. */
  label?: string;
  children: ComponentChildren;
}) {
  const id = useId();
  const button = useRef<HTMLButtonElement>(null);
  const popover = useRef<HTMLDivElement>(null);
  const place = (event: Event): void => {
    if ((event as ToggleEvent).newState !== "open") return;
    const [from, box] = [button.current, popover.current];
    if (from === null || box === null) return;
    const anchor = from.getBoundingClientRect();
    const left = Math.min(anchor.right - box.offsetWidth, window.innerWidth - box.offsetWidth - 8);
    const isBelow = anchor.bottom + box.offsetHeight + 8 < window.innerHeight || anchor.top < box.offsetHeight + 8;
    box.style.left = `${Math.max(8, left)}px`;
    box.style.top = `${isBelow ? anchor.bottom + 4 : anchor.top - box.offsetHeight - 4}px`;
    box.querySelector<HTMLElement>("a, button, input, select")?.focus();
  };
  return (
    <>
      <button
        ref={button}
        type="button"
        class={label === undefined ? "icon-button" : "button quiet"}
        aria-label={label === undefined ? name : `${name}: ${label}`}
        title={name}
        popovertarget={id}
      >
        <Icon name={icon} />
        {label !== undefined && <span class="menu-label">{label}</span>}
      </button>
      {/* oxlint-disable-next-line jsx-a11y/no-static-element-interactions, jsx-a11y/click-events-have-key-events -- it only closes behind what was pressed in it */}
      <div
        ref={popover}
        id={id}
        popover="auto"
        class="menu"
        onToggle={place}
        onClick={(event) => {
          const pressed = event.target instanceof Element ? event.target.closest("a, button") : null;
          if (pressed !== null) popover.current?.hidePopover();
        }}
      >
        {children}
      </div>
    </>
  );
}

/** Something to do, in a menu. */
export function MenuButton({
  icon,
  children,
  onClick,
  isDangerous = false,
}: {
  icon: IconName;
  children: ComponentChildren;
  onClick: () => void;
  isDangerous?: boolean;
}) {
  return (
    <button type="button" class={isDangerous ? "menu-item bad" : "menu-item"} onClick={onClick}>
      <Icon name={icon} />
      {children}
    </button>
  );
}

/** Somewhere to go, in a menu. */
export function MenuLink({
  icon,
  children,
  href,
  isDownload = false,
}: {
  icon: IconName;
  children: ComponentChildren;
  href: string;
  isDownload?: boolean;
}) {
  return (
    <a class="menu-item" href={href} {...(isDownload ? { download: "" } : {})}>
      <Icon name={icon} />
      {children}
    </a>
  );
}
