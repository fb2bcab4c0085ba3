import { tap, to } from '@weir/operators'
import { and, on, slow, strike } from '@weir/testing'
import { expect, test } from 'vitest'
import { utf8 } from '../../src/codec/utf8.ts'
import { job } from '../../src/job/Job.ts'
import { topic } from '../../src/log/Topic.ts'
import { linesOf, send, start } from '../support/jobs.ts'
import { ofTasks, openWorld } from '../support/world.ts'

const words = topic('words', { key: utf8, value: utf8 })
const texts = topic('texts', { key: utf8, value: utf8 })

test('a task that failed starts anew when its commits have landed: what they hold is not processed again', async () => {
  const world = await openWorld([strike(and(on('commit'), ofTasks), slow(50))])
  const seen: string[] = []
  const failing = job('failing')
    .from(words)
    .pipe(
      tap(({ value }) => {
        seen.push(value)
        if (value === 'bad') throw new Error('not that')
      }),
      to(texts),
    )
  for (const value of ['good', 'bad', 'last']) await send(world, words, [['k', value]])
  await start(world, failing, { batchRecordsMax: 1, commitIntervalMs: 0 })
  await world.clock.advance(10_000)
  expect(seen.filter((value) => value !== 'bad')).toEqual(['good', 'last'])
  expect(await linesOf(world, texts)).toEqual(['k: good', 'k: last'])
})
