import { codecTarget, splitterTarget, zipTarget } from "./archive-targets.ts";
import type { FuzzTarget } from "./target.ts";
import { indexTarget, iniTarget, manifestTarget } from "./text-targets.ts";
import { tocTarget } from "./toc-target.ts";

/** Every decoder of what comes from outside. */
export const fuzzTargets: readonly FuzzTarget[] = [
  zipTarget,
  tocTarget,
  manifestTarget,
  iniTarget,
  indexTarget,
  splitterTarget,
  codecTarget("zstd"),
  codecTarget("gzip"),
];
