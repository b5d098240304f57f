import type { ComponentChildren } from "preact";
import { useEffect, useRef } from "preact/hooks";
import { takeFocus } from "../router/location.ts";
import { words } from "../text/language.ts";
import { Icon } from "./icon.tsx";

/** A page's heading: names the window, and takes the focus when somebody has come to the page. */
export function PageHeader({
  title,
  about,
  back,
  children,
}: {
  title: string;
  about?: ComponentChildren;
  /** Where it belongs to. */
  back?: { href: string; text: string };
  /** What can be done. */
  children?: ComponentChildren;
}) {
  const heading = useRef<HTMLHeadingElement>(null);
  useEffect(() => {
    document.title = `${title} · ${words.value.common.product}`;
  });
  useEffect(() => {
    if (takeFocus()) heading.current?.focus({ preventScroll: true });
  }, []);
  return (
    <header class="page-header">
      <div class="page-header-text">
        {back !== undefined && (
          <a class="back" href={back.href}>
            <Icon name="left" size={16} />
            {back.text}
          </a>
        )}
        <h1 ref={heading} tabIndex={-1}>
          {title}
        </h1>
        {about !== undefined && <div class="page-about">{about}</div>}
      </div>
      {children !== undefined && <div class="row page-actions">{children}</div>}
    </header>
  );
}
