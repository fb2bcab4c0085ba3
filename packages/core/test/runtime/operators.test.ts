import { assignTimestamps, rx, to } from '@weir/operators'
import { take } from 'rxjs'
import { describe, expect, test } from 'vitest'
import { int32 } from '../../src/codec/int32.ts'
import { utf8 } from '../../src/codec/utf8.ts'
import { job } from '../../src/job/Job.ts'
import { operate } from '../../src/job/operate.ts'
import type { Operator } from '../../src/job/Operator.ts'
import { topic } from '../../src/log/Topic.ts'
import { OperatorFailed } from '../../src/model/errors.ts'
import { linesOf, send, start } from '../support/jobs.ts'
import { openWorld } from '../support/world.ts'

const words = topic('words', { key: utf8, value: utf8 })
const numbers = topic('numbers', { key: utf8, value: int32 })
const results = topic('results', { key: utf8, value: utf8 })
const counts = topic('counts', { key: utf8, value: int32 })

describe("an operator of one's own", () => {
  test('changes the value that is written, and need not know how values are written', async () => {
    const upper: Operator<string, string, string, string> = {
      kind: 'upper',
      name: 'upper',
      stores: [],
      outputs: [],
      keyed: false,
      attach: () => operate({ next: (record, out) => out.next({ ...record, value: record.value.toUpperCase() }) }),
    }
    const world = await openWorld()
    await start(world, job('j').from(words).pipe(upper, to(results)))
    await send(world, words, [['k', 'hello']])
    expect(await linesOf(world, results)).toEqual(['k: HELLO'])
  })

  test('that wants no more records does not hide what throws later in the batch', async () => {
    const timed = assignTimestamps((value: number) => {
      if (value > 2) throw new Error('no third time')
      return value
    })
    const world = await openWorld()
    const running = await start(
      world,
      job('j')
        .from(numbers, timed)
        .pipe(rx(take(1)), to(counts)),
    )
    await send(world, numbers, [['k', 1], ['k', 2], ...Array.from({ length: 11 }, () => ['k', 3] as const)])
    const error = await world.failure(running.done)
    expect(error).toBeInstanceOf(OperatorFailed)
    expect((error as Error).message).toContain('no third time')
  })
})
