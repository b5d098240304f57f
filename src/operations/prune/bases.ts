import type { Manifest } from "../../archive/manifest.ts";

/** SHA-256 of the manifests of all archives that an incremental one refers to; empty for one that stands for itself. */
export function basesOf({ header }: Manifest): readonly string[] {
  return (header.base ?? []).map(({ sha256 }) => sha256);
}
