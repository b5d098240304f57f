import type { CallKind, Fault } from "../../fixtures/failing-calls/call-plan.ts";

/** The ways in which each kind of call is made to fail. */
export const faultsOf: Readonly<Record<CallKind, readonly Fault[]>> = {
  "change owner": ["EPERM"],
  close: ["EIO"],
  connect: ["ECONNREFUSED", "ECONNRESET", "EMFILE"],
  copy: ["ENOSPC", "EIO"],
  create: ["ENOSPC", "EACCES", "EMFILE"],
  link: ["ENOSPC", "EACCES", "EMLINK"],
  list: ["EIO", "EACCES", "EMFILE"],
  look: ["EIO", "EACCES"],
  "make folder": ["ENOSPC", "EACCES"],
  open: ["EIO", "EACCES", "EMFILE"],
  read: ["EIO", "short"],
  "read whole": ["EIO", "EMFILE"],
  remove: ["EIO", "EACCES"],
  rename: ["EIO", "ENOSPC", "EACCES"],
  start: ["ENOENT", "EMFILE"],
  sync: ["EIO", "ENOSPC"],
  write: ["ENOSPC", "EIO", "short"],
  "write whole": ["ENOSPC", "EIO"],
};
