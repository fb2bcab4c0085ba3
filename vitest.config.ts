import { defineConfig } from 'vitest/config'

/** Nothing that these tests import keeps state, so their files share the modules: that halves their time. */
const pure = ['packages/{core,operators}/test/**/*.test.ts']

export default defineConfig({
  test: {
    // Against tests that hang, on busy machines too; a promise about time has a bound of its own.
    testTimeout: 60_000,
    hookTimeout: 60_000,
    projects: [
      { extends: true, test: { name: 'pure', include: pure, isolate: false } },
      {
        extends: true,
        test: {
          name: 'isolated',
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
