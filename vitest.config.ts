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
    passWithNoTests: false,
    coverage: {
      provider: "v8",
      include: ["src/**/*.ts"],
      // Threads of their own, which are not seen.
      exclude: ["src/**/thread.ts"],
      reporter: ["text-summary", "json"],
      reportsDirectory: ".coverage",
      reportOnFailure: true,
      // What is reached, less what differs between runs; docs/reliability.md names what is left. Threads and programs that
      // tests start are not seen.
      thresholds: {
        lines: 94.3,
        branches: 84.5,
        "src/archive/**": { lines: 98, branches: 92 },
        "src/postgres/**": { lines: 95, branches: 85 },
        "src/files/**": { lines: 95.5, branches: 84 },
        "src/operations/**": { lines: 93.7, branches: 80.5 },
      },
    },
  },
});
