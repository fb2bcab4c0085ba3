import { defineConfig } from 'vitest/config'

export default defineConfig({
  test: {
    include: ['{packages,examples}/*/test/**/*.test.ts', 'bench/test/**/*.test.ts', 'scripts/**/*.test.ts'],
    // Against tests that hang, on busy machines too; a promise about time has a bound of its own.
    testTimeout: 60_000,
    hookTimeout: 60_000,
  },
})
