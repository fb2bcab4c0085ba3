import { joinGlobalTable, keyBy, mapAsync, to } from '@weir/operators'
import { expect, test } from 'vitest'
import { utf8 } from '../../src/codec/utf8.ts'
import { job, stream } from '../../src/job/Job.ts'
import { entry } from '../../src/log/entry.ts'
import { topic } from '../../src/log/Topic.ts'
import { linesOf, send, start } from '../support/jobs.ts'
import { openWorld } from '../support/world.ts'

const orders = topic('orders', { key: utf8, value: utf8 })
const items = topic('items', { key: utf8, value: utf8 })
const found = topic('found', { key: utf8, value: utf8 })

test('a look-up begins with what its table held at the start, although ever more comes than it takes in', async () => {
  const world = await openWorld()
  const { clock } = world
  const slowly = mapAsync(
    'slow',
    (value: string) => new Promise<string>((resolve) => clock.after(1_000, () => resolve(value))),
    { codec: utf8, order: 'key' },
  )
  await send(world, items, [
    ['1', 'a'],
    ['2', 'b'],
  ])
  await send(world, orders, [['o', 'b']])
  const table = stream(items).pipe(
    keyBy((value) => value),
    slowly,
  )
  const joined = job('j')
    .from(orders)
    .pipe(
      joinGlobalTable(
        't',
        table,
        (order) => order,
        (order, item) => `${order} is ${item}`,
        { codecs: { right: utf8 } },
      ),
      to(found),
    )
  await start(world, joined, { batchRecordsMax: 1 })
  expect(await linesOf(world, found)).toEqual([])
  for (let n = 0; n < 10; n++) {
    await send(world, items, [['x', `x${n}`]])
    await clock.advance(500)
  }
  expect(await linesOf(world, found)).toEqual(['o: b is b'])
})

test('a look-up in a run to the end waits for nothing that the run does not read', async () => {
  const world = await openWorld()
  await send(world, items, [['b', 'a b']])
  await send(world, orders, [
    ['o', 'bad'],
    ['o', 'b'],
  ])
  const joined = job('j')
    .from(orders)
    .pipe(
      joinGlobalTable(
        't',
        items,
        (order) => {
          if (order !== 'bad') return order
          // the task starts anew behind this, when there is more than the run will read
          void world.weir.append(entry(items, 'c', 'a c'))
          throw new Error('bad')
        },
        (order, item) => `${order} is ${item}`,
        { codecs: { right: utf8 } },
      ),
      to(found),
    )
  const running = await start(world, joined, { until: 'end' })
  await world.outcome(running.done)
  expect(await linesOf(world, found)).toEqual(['o: b is a b'])
})
