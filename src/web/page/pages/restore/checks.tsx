import { useSignal } from "@preact/signals";
import type { Finding } from "../../../api/common.ts";
import { formats, words } from "../../text/language.ts";
import { Button } from "../../ui/button.tsx";
import { Card } from "../../ui/card.tsx";
import { Icon } from "../../ui/icon.tsx";
import { Hints } from "../../ui/notice.tsx";
import { findingTones, toneIcons } from "../../ui/tone.ts";

const order = { fail: 0, warn: 1, ok: 2 };

/** Every check of a plan: what fails first, what passed folded away. */
export function Checks({ findings, isDone }: { findings: readonly Finding[]; isDone: boolean }) {
  const text = words.value.restore;
  const arePassedShown = useSignal(false);
  const sorted = findings.toSorted((a, b) => order[a.level] - order[b.level]);
  const passed = sorted.filter(({ level }) => level === "ok");
  const isFolded = isDone && !arePassedShown.value;
  const shown = isFolded ? sorted.filter(({ level }) => level !== "ok") : sorted;
  return (
    <Card title={text.checks}>
      <ul class="checks">
        {shown.map((finding, index) => (
          <Check key={`${finding.check} ${index}`} finding={finding} />
        ))}
      </ul>
      {isDone && passed.length > 0 && (
        <Button
          kind="quiet"
          icon={isFolded ? "down" : "up"}
          onClick={() => {
            arePassedShown.value = isFolded;
          }}
        >
          {isFolded ? text.showPassed(formats.value.count(passed.length)) : text.hidePassed}
        </Button>
      )}
    </Card>
  );
}

function Check({ finding: { level, check, message, details = [], hint } }: { finding: Finding }) {
  const text = words.value.restore;
  const tone = findingTones[level];
  return (
    <li class={`check ${tone}`}>
      <Icon name={toneIcons[tone]} />
      <div>
        <p>
          <span class="visually-hidden">{text.levels[level]}: </span>
          <strong>{text.checkNames[check] ?? check}</strong> <span class="check-message">{message}</span>
        </p>
        {details.length > 0 && (
          <ul class="code-list">
            {details.map((line) => (
              <li key={line}>{line}</li>
            ))}
          </ul>
        )}
        {hint !== undefined && level !== "ok" && <Hints lines={hint.split("\n")} />}
      </div>
    </li>
  );
}
