import type { ByteSink } from "../bytes.ts";
import type { RateLimit } from "../rate-limit.ts";

/** A sink whose bytes wait their turn; the sink itself without a limit. What was written waits for nothing any more. */
export function limitSink(sink: ByteSink, limit: RateLimit | undefined): ByteSink {
  if (limit === undefined) return sink;
  return {
    label: sink.label,
    async write(chunk) {
      await limit.take(chunk.length);
      await sink.write(chunk);
    },
    finish: () => sink.finish(),
    abort: () => sink.abort(),
  };
}
