import { useSignal } from "@preact/signals";
import { useEffect } from "preact/hooks";
import { type ApiFailure, failureOf } from "../../data/failure.ts";
import { hasExpired, noUsers } from "../../data/session.ts";
import { signIn } from "../../data/sign-in.ts";
import { formats, words } from "../../text/language.ts";
import { Button } from "../../ui/button.tsx";
import { CheckField, TextField } from "../../ui/field.tsx";
import { Icon } from "../../ui/icon.tsx";
import { FailureNotice, Hints, Notice } from "../../ui/notice.tsx";
import { PageHeader } from "../../ui/page-header.tsx";
import { Preferences } from "../../shell/preferences.tsx";

/** Asks who is there. What was open stays in the address, and is shown afterwards. */
export function SignInPage() {
  const text = words.value.signIn;
  const user = useSignal("");
  const password = useSignal("");
  const isShown = useSignal(false);
  const isBusy = useSignal(false);
  const failure = useSignal<ApiFailure | undefined>(undefined);
  const lockedUntil = useSignal<number | undefined>(undefined);
  const shownFailure = failure.value ?? noUsers.value;
  const submit = async (event: Event): Promise<void> => {
    event.preventDefault();
    if (isBusy.value || user.value === "" || password.value === "") return;
    isBusy.value = true;
    failure.value = undefined;
    lockedUntil.value = undefined;
    try {
      await signIn(user.value, password.value);
    } catch (error) {
      const found = failureOf(error);
      failure.value = found;
      if (found.code === "locked-out") lockedUntil.value = Date.now() + (found.retryAfterSeconds ?? 60) * 1000;
      password.value = "";
    }
    isBusy.value = false;
  };
  return (
    <main class="sign-in" id="content">
      <div class="sign-in-card card">
        <div class="sign-in-brand">
          <span class="logo">
            <Icon name="shield" size={26} />
          </span>
          <div>
            <p class="strong">{words.value.common.product}</p>
            <p class="muted">{text.about}</p>
          </div>
        </div>
        <PageHeader title={text.title} />
        {hasExpired.value && shownFailure === undefined && <Notice tone="info" title={text.expired} role="status" />}
        <form class="stack" onSubmit={(event) => void submit(event)}>
          <TextField
            label={text.user}
            value={user.value}
            autocomplete="username"
            autofocus
            onInput={(value) => {
              user.value = value;
            }}
          />
          <TextField
            label={text.password}
            value={password.value}
            type={isShown.value ? "text" : "password"}
            autocomplete="current-password"
            onInput={(value) => {
              password.value = value;
            }}
          />
          <CheckField
            label={text.showPassword}
            checked={isShown.value}
            onChange={(checked) => {
              isShown.value = checked;
            }}
          />
          {shownFailure !== undefined && <SignInFailure failure={shownFailure} lockedUntil={lockedUntil.value} />}
          <Button kind="primary" type="submit" isBusy={isBusy.value}>
            {text.submit}
          </Button>
        </form>
      </div>
      <Preferences />
    </main>
  );
}

function SignInFailure({ failure, lockedUntil }: { failure: ApiFailure; lockedUntil: number | undefined }) {
  const text = words.value.signIn;
  switch (failure.code) {
    case "wrong-password":
      return <Notice tone="bad" title={text.wrong} role="alert" />;
    case "locked-out":
      return <LockedOut until={lockedUntil ?? Date.now()} />;
    case "no-users":
      return (
        <Notice tone="warn" title={text.noUsers} role="alert">
          <p>{text.noUsersAdvice}</p>
          <Hints lines={failure.hints.length > 0 ? failure.hints : ["ngwbackup serve --set-password NAME"]} />
        </Notice>
      );
    default:
      return <FailureNotice failure={failure} />;
  }
}

function LockedOut({ until }: { until: number }) {
  const text = words.value.signIn;
  const leftMs = useSignal(until - Date.now());
  useEffect(() => {
    const timer = window.setInterval(() => {
      leftMs.value = until - Date.now();
    }, 1000);
    return () => window.clearInterval(timer);
  }, [until]);
  if (leftMs.value <= 0) return <Notice tone="info" title={text.lockedOutOver} role="status" />;
  const left = formats.value.duration(Math.ceil(leftMs.value / 1000) * 1000);
  return (
    <>
      {/* Read out once, not each second. */}
      <span class="visually-hidden" role="alert">
        {text.lockedOut(formats.value.duration(Math.max(1000, until - Date.now())))}
      </span>
      <div aria-hidden="true">
        <Notice tone="bad" title={text.lockedOut(left)} />
      </div>
    </>
  );
}
