import { defineConfig } from "vitest/config";

export default defineConfig({
  test: {
    include: ["test/**/*.test.ts"],
    globalSetup: ["test/fixtures/global-setup.ts"],
    environment: "node",
    pool: "forks",
    maxWorkers: 3,
    testTimeout: 60_000,
    hookTimeout: 120_000,
    // A machine may be slow; a second is nothing to it.
    expect: { poll: { timeout: 20_000 } },
    passWithNoTests: false,
    coverage: {
      provider: "v8",
      include: ["src/**/*.ts"],
      exclude: [
        // Threads of their own, which are not seen.
        "src/**/thread.ts",
        // It runs in Chromium, which is not seen either.
        "src/web/page/**",
      ],
      reporter: ["text-summary", "json"],
      reportsDirectory: ".coverage",
      reportOnFailure: true,
      // What is reached (docs/reliability.md), less what differs between runs and what tests cover that are skipped elsewhere: as
      // an ordinary user, without the archives of real installations, without servers of other releases.
      thresholds: {
        lines: 94,
        branches: 84,
        "src/archive/**": { lines: 97.5, branches: 91.5 },
        "src/postgres/**": { lines: 94.5, branches: 84.5 },
        "src/files/**": { lines: 94, branches: 82 },
        "src/operations/**": { lines: 94, branches: 81.5 },
      },
    },
  },
});
