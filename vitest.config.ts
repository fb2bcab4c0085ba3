import { join } from 'node:path'
import { defineConfig } from 'vitest/config'

/** Nothing that these tests import keeps state, so their files share the modules: that halves their time. */
const pure = ['packages/{core,operators}/test/**/*.test.ts']

/** The tests start hundreds of processes: what Node has compiled once is not compiled again, which halves the time of a start. */
const env = { NODE_COMPILE_CACHE: join(import.meta.dirname, 'node_modules/.cache/compiled') }

export default defineConfig({
  test: {
    env,
    // They wait for leases and disks more than they compute.
    maxWorkers: '100%',
    // Against tests that hang, on busy machines too; a promise about time has a bound of its own.
    testTimeout: 60_000,
    hookTimeout: 60_000,
    projects: [
      { extends: true, test: { name: 'pure', include: pure, isolate: false } },
      {
        extends: true,
        test: {
          name: 'isolated',
          globalSetup: 'scripts/bundles.ts',
          include: [
            '{packages,examples}/*/test/**/*.test.ts',
            'bench/{test,nexmark/test}/**/*.test.ts',
            'torture/test/**/*.test.ts',
            'scripts/**/*.test.ts',
          ],
          exclude: ['**/node_modules/**', ...pure],
        },
      },
    ],
  },
})
