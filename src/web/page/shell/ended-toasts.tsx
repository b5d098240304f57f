import { useEffect } from "preact/hooks";
import type { RunRow } from "../../api/runs.ts";
import { justEnded } from "../data/live.ts";
import { here } from "../router/location.ts";
import { runPath } from "../router/routes.ts";
import { words } from "../text/language.ts";
import { announce } from "../ui/announcer.tsx";
import { IconButton } from "../ui/button.tsx";
import { Icon } from "../ui/icon.tsx";
import { runTones, toneIcons } from "../ui/tone.ts";

const shownMs = 12_000;

/** Tells of runs that have ended just now, unless one looks at them. */
export function EndedToasts() {
  const path = here.value.path;
  const shown = justEnded.value.filter(({ id }) => path !== runPath(id));
  return (
    <div class="toasts">
      {shown.slice(-3).map((run) => (
        <Toast key={run.id} run={run} />
      ))}
    </div>
  );
}

function Toast({ run }: { run: RunRow }) {
  const text = words.value.common;
  const tone = runTones[run.state];
  const said = text.runEnded[run.state](text.kinds[run.kind]);
  const dismiss = (): void => {
    justEnded.value = justEnded.peek().filter(({ id }) => id !== run.id);
  };
  useEffect(() => {
    announce(said);
    // What went wrong stays until it is seen.
    if (tone !== "ok") return undefined;
    const timer = window.setTimeout(dismiss, shownMs);
    return () => window.clearTimeout(timer);
  }, [run.id]);
  return (
    <div class={`toast ${tone}`}>
      <Icon name={toneIcons[tone]} />
      <a href={runPath(run.id)} onClick={dismiss}>
        {said}
      </a>
      <IconButton name={text.dismiss} icon="close" onClick={dismiss} />
    </div>
  );
}
