import type { Cluster } from "../../../src/cluster/cluster.ts";
import type { TestInstance } from "../../fixtures/test-instance.ts";
import type { ProgramEnd } from "../../fixtures/run-program.ts";
import type { Random } from "../random.ts";
import { closedDatabase, connectionLimit, rejectedByRules } from "./no-entry.ts";
import { heldTable } from "./held-table.ts";
import { pgDumpFaults } from "./pg-dump-faults.ts";
import { killAllSessions, killOneSession, killServerProcess } from "./session-kills.ts";
import { timeouts } from "./timeouts.ts";

/** What a fault happens to. */
export interface Scene {
  cluster: Cluster;
  instance: TestInstance;
  random: Random;
  /** An empty folder for what the fault needs. */
  folder: string;
  /** The program's, once it runs. */
  pid: () => number | undefined;
}

/** Puts right again what a fault has changed; the program has ended by then. */
export type Repair = () => Promise<void>;

/** A way in which a server, or what belongs to it, fails. */
export interface Fault {
  name: string;
  /** The operation that it can happen to; both when left out. */
  only?: "backup";
  /** Happens before the program starts. Environment of the program is added to `env`. */
  before?(scene: Scene, env: Record<string, string>): Promise<Repair | undefined>;
  /** Happens at a random moment while it runs. */
  during?(scene: Scene): Promise<Repair | undefined>;
  /** The program may only end in one of these ways: exit codes. Any documented one when left out. */
  exitCodes?: readonly number[];
  /** Something more that must hold of the end; the text of what does not, otherwise undefined. */
  refute?(end: ProgramEnd): string | undefined;
}

function halted(how: "fast" | "immediate"): Fault {
  return {
    name: `stopped, ${how}`,
    async during({ cluster }) {
      await cluster.halt(how);
      return () => cluster.resume();
    },
  };
}

function restarted(how: "fast" | "immediate"): Fault {
  return {
    name: `restarted, ${how}`,
    async during({ cluster }) {
      await cluster.halt(how);
      await cluster.resume();
      return undefined;
    },
  };
}

/** All that can happen, some of it in several forms. */
export const faults: readonly Fault[] = [
  halted("fast"),
  halted("immediate"),
  restarted("fast"),
  restarted("immediate"),
  killOneSession,
  killAllSessions,
  killServerProcess,
  closedDatabase("before"),
  closedDatabase("during"),
  connectionLimit("before"),
  connectionLimit("during"),
  rejectedByRules,
  timeouts("role"),
  timeouts("database"),
  heldTable("before"),
  heldTable("during"),
  ...pgDumpFaults,
];
