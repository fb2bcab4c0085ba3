import { join } from 'node:path'
import { defineConfig } from 'vitest/config'
import { BaseSequencer, type TestSpecification } from 'vitest/node'

const all = [
  '{packages,examples}/*/test/**/*.test.ts',
  'bench/{test,nexmark/test}/**/*.test.ts',
  'torture/test/**/*.test.ts',
  'scripts/**/*.test.ts',
]

/** These have a process for each file: they kill, or map more than one process should in its life. */
const alone = ['**/*.crash.test.ts', 'packages/storage-lmdb/test/**/*.test.ts', 'bench/nexmark/test/**/*.test.ts']

/** What takes longest begins first, or one core would wait for it in the end: campaigns, then crash tests. */
class LongestFirst extends BaseSequencer {
  override async sort(files: TestSpecification[]): Promise<TestSpecification[]> {
    const sorted = await super.sort(files)
    const rank = ({ moduleId }: TestSpecification): number =>
      [/\/torture\/test\//, /\.crash\.test\.ts$/, /./].findIndex((kind) => kind.test(moduleId))
    return sorted.toSorted((left, right) => rank(left) - rank(right))
  }
}

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
    sequence: { sequencer: LongestFirst },
    projects: [
      // nothing that these import keeps state, so their files share the modules, which is half of their time
      {
        extends: true,
        test: { name: 'shared', include: all, exclude: ['**/node_modules/**', ...alone], isolate: false },
      },
      {
        extends: true,
        test: { name: 'alone', include: alone, exclude: ['**/node_modules/**'], globalSetup: 'scripts/bundles.ts' },
      },
    ],
  },
})
