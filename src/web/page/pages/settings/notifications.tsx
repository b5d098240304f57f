import { useSignal } from "@preact/signals";
import type { NotificationTest, SettingsView } from "../../../api/settings.ts";
import { type ApiFailure, failureOf } from "../../data/failure.ts";
import { request } from "../../data/request.ts";
import { words } from "../../text/language.ts";
import { Badge } from "../../ui/badge.tsx";
import { Button } from "../../ui/button.tsx";
import { FailureNotice, Notice } from "../../ui/notice.tsx";

/** Where notifications go, and a test of it. */
export function Notifications({ view: { channels } }: { view: SettingsView }) {
  const text = words.value.settings;
  const isBusy = useSignal(false);
  const results = useSignal<NotificationTest["results"]>([]);
  const failure = useSignal<ApiFailure | undefined>(undefined);
  const test = async (): Promise<void> => {
    isBusy.value = true;
    failure.value = undefined;
    results.value = [];
    try {
      results.value = (await request<NotificationTest>("POST", "api/notifications/test")).results;
    } catch (error) {
      failure.value = failureOf(error);
    }
    isBusy.value = false;
  };
  if (channels.length === 0) {
    return (
      <Notice tone="warn" title={text.noChannels}>
        <p>{text.noChannelsAdvice}</p>
      </Notice>
    );
  }
  return (
    <div class="stack">
      <p class="muted">{text.notificationsAbout}</p>
      <ul class="card plain-list">
        {channels.map(({ kind, name, to }) => (
          <li key={name} class="between">
            <strong>{named(text.channelKinds[kind] ?? kind, name)}</strong>
            <span class="path">{to}</span>
          </li>
        ))}
      </ul>
      <div>
        <Button icon="bell" isBusy={isBusy.value} onClick={() => void test()}>
          {text.test}
        </Button>
      </div>
      <div role="status">
        <ul class="plain-list">
          {results.value.map(({ kind, name, ok, message }) => (
            <li key={name}>
              <Badge tone={ok ? "ok" : "bad"}>
                {named(text.channelKinds[kind] ?? kind, name)}: {ok ? text.testOk : text.testFailed}
              </Badge>{" "}
              {message !== null && <span class="muted">{message}</span>}
            </li>
          ))}
        </ul>
      </div>
      {failure.value !== undefined && <FailureNotice failure={failure.value} />}
    </div>
  );
}

/** What the options of a channel begin with is `webhook`, or `webhook.NAME`. */
function named(kind: string, option: string): string {
  const [, ...name] = option.split(".");
  return name.length === 0 ? kind : `${kind} ${name.join(".")}`;
}
