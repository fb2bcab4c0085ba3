import { defineConfig } from 'vitest/config'

export default defineConfig({
  test: { include: ['{packages,examples}/*/test/**/*.test.ts', 'bench/test/**/*.test.ts', 'scripts/**/*.test.ts'] },
})
