import type { ComponentChildren } from "preact";
import { useId } from "preact/hooks";

/** A part of a page under a heading. */
export function Card({
  title,
  actions,
  children,
  about,
}: {
  title: string;
  actions?: ComponentChildren;
  children: ComponentChildren;
  about?: ComponentChildren;
}) {
  const id = useId();
  return (
    <section class="card" aria-labelledby={id}>
      <header class="card-head">
        <h2 id={id}>{title}</h2>
        {actions !== undefined && <div class="row">{actions}</div>}
      </header>
      {about !== undefined && <p class="muted card-about">{about}</p>}
      {children}
    </section>
  );
}
