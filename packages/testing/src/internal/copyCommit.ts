import type { Commit } from '@weir/core'
import { copyBytes } from './copyBytes.ts'

/** The commit in buffers of its own: what the caller does with its bytes afterwards changes nothing. */
export const copyCommit = (commit: Commit): Commit => ({
  fence: commit.fence,
  expect: commit.expect.map(({ key, value }) => ({ key: copyBytes(key), value: copyOptional(value) })),
  append: commit.append.map((append) => ({ ...append, batch: copyBytes(append.batch) })),
  positions: [...commit.positions],
  rows: Array.from(commit.rows, ({ key, value }) => ({ key: copyBytes(key), value: copyOptional(value) })),
  trim: [...commit.trim],
  replace: commit.replace.map((replacement) => ({ ...replacement, batch: copyBytes(replacement.batch) })),
})

const copyOptional = (value: Uint8Array | null): Uint8Array | null => (value === null ? null : copyBytes(value))
