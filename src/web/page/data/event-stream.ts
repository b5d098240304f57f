import { connection, onRetry, retryAt } from "./connection.ts";
import { failureOf } from "./failure.ts";
import { findSession } from "./sign-in.ts";
import { session } from "./session.ts";

/** Takes the data of an event, by its name. */
export type EventHandlers<Events> = { [Name in keyof Events]?: (data: Events[Name]) => void };

const shortestWaitMs = 1000;
const longestWaitMs = 30_000;

/**
 * Opens a stream of server-sent events, and opens it again with growing pauses whenever it breaks. Each attempt after a break asks
 * first who is signed in, since a stream does not tell why it was refused.
 * @param onOpen called each time that it is open: what came before may come again
 * @returns closes it
 */
export function openEventStream<Events>(
  path: string,
  handlers: EventHandlers<Events>,
  onOpen?: () => void,
): () => void {
  let source: EventSource | undefined;
  let timer: number | undefined;
  let waitMs = shortestWaitMs;
  let isClosed = false;

  const open = (): void => {
    source = new EventSource(path);
    source.addEventListener("open", () => {
      waitMs = shortestWaitMs;
      connection.value = "open";
      retryAt.value = undefined;
      onOpen?.();
    });
    source.addEventListener("error", lose);
    for (const [name, handler] of Object.entries(handlers)) {
      source.addEventListener(name, (event: MessageEvent<string>) => {
        (handler as (data: unknown) => void)(JSON.parse(event.data));
      });
    }
  };
  const lose = (): void => {
    source?.close();
    source = undefined;
    if (isClosed) return;
    void again();
  };
  const again = async (): Promise<void> => {
    try {
      await findSession();
      if (isClosed || session.peek() === null) return;
      connection.value = "open";
    } catch (error) {
      if (failureOf(error).code === "unreachable") connection.value = "lost";
    }
    if (isClosed) return;
    // Many viewers do not come back at the same moment.
    const pauseMs = waitMs * (0.75 + Math.random() / 2);
    waitMs = Math.min(longestWaitMs, waitMs * 2);
    retryAt.value = Date.now() + pauseMs;
    timer = window.setTimeout(open, pauseMs);
  };
  const stopRetry = onRetry(() => {
    if (source !== undefined) return;
    window.clearTimeout(timer);
    open();
  });
  open();
  return () => {
    isClosed = true;
    window.clearTimeout(timer);
    stopRetry();
    source?.close();
  };
}
