import type { RunRow } from "../../../api/runs.ts";
import { words } from "../../text/language.ts";
import { ButtonLink } from "../../ui/button.tsx";
import { Card } from "../../ui/card.tsx";

/** What to do once a restore has ended, well or not. */
export function AfterRestore({ run }: { run: RunRow }) {
  const text = words.value.restore.after;
  const isDone = run.state === "done" || run.state === "losses";
  const canUndo = isDone && run.kind === "restore";
  const steps = isDone ? text.done.slice(0, canUndo ? 3 : 2) : text.failed;
  return (
    <Card title={text.title}>
      <ol class="steps">
        {steps.map((step) => (
          <li key={step}>{step}</li>
        ))}
      </ol>
      {canUndo && (
        <div>
          <ButtonLink href="restore" icon="undo">
            {text.toUndo}
          </ButtonLink>
        </div>
      )}
    </Card>
  );
}
