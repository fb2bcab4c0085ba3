import { defineConfig } from 'vitest/config'

export default defineConfig({
  test: {
    include: ['{packages,examples}/*/test/**/*.test.ts', 'bench/test/**/*.test.ts', 'scripts/**/*.test.ts'],
    testTimeout: 20_000, // for busy machines; a test that waits has a deadline of its own
  },
})
