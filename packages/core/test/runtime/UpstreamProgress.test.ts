import { expect, test } from 'vitest'
import type { Stage } from '../../src/job/Stage.ts'
import type { RowReader } from '../../src/ports/Storage.ts'
import { Progress } from '../../src/runtime/Progress.ts'
import { UpstreamProgress } from '../../src/runtime/UpstreamProgress.ts'

const run = 3

/** A stage over two partitions, of which some have come to the end of a run. */
const upstreamOf = (endedIn: ReadonlyArray<number>): UpstreamProgress => {
  const rows = new Map<string, Uint8Array>()
  const reader: RowReader = { get: (key) => rows.get(key.join()), range: () => [] }
  for (const [partition, ended] of endedIn.entries()) {
    const progress = new Progress(reader, { job: 'j', input: 'in', partition }, 1, 0)
    if (ended > 0) progress.end(ended)
    rows.set(progress.key.join(), progress.save())
  }
  return new UpstreamProgress(reader, 'j', { input: { name: 'in', partitions: 2 } } as unknown as Stage, run)
}

test.each([
  [[run, run], true],
  [[run, 0], false],
  [[0, run], false],
  [[run, run - 1], false],
  [[run], false],
])('a stage has ended when all of its tasks have, in this run: %j', (endedIn, hasEnded) => {
  expect(upstreamOf(endedIn).isEnded()).toBe(hasEnded)
})
