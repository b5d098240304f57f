import { useSignal } from "@preact/signals";
import { useEffect } from "preact/hooks";
import { connection, retryAt, retryNow } from "../data/connection.ts";
import { formats, words } from "../text/language.ts";
import { Button } from "../ui/button.tsx";
import { Icon } from "../ui/icon.tsx";

/** Says that the server does not answer, and when it is tried again. */
export function ConnectionBanner() {
  const isLost = connection.value === "lost";
  return <div role="status">{isLost && <Banner />}</div>;
}

function Banner() {
  const text = words.value.common;
  const seconds = useSignal(0);
  useEffect(() => {
    const count = (): void => {
      seconds.value = Math.max(0, Math.ceil(((retryAt.peek() ?? Date.now()) - Date.now()) / 1000));
    };
    count();
    const timer = window.setInterval(count, 1000);
    return () => window.clearInterval(timer);
  }, []);
  return (
    <div class="banner">
      <Icon name="warn" />
      <p>
        {text.serverGone}{" "}
        {seconds.value > 0 && (
          <span aria-hidden="true">{text.retryIn(formats.value.duration(seconds.value * 1000))}</span>
        )}
      </p>
      <Button onClick={retryNow}>{text.retry}</Button>
    </div>
  );
}
