import { job, topic, utf8, Weir } from '@weir/core'
import { map, sink } from '@weir/operators'
import { expect, test } from 'vitest'
import { mapSink, type Outside } from '../src/mapSink.ts'
import { mapStorage } from '../src/mapStorage.ts'

test('a job on the storage writes each record into the sink once, over several runs', async () => {
  const lines = topic('lines', { key: utf8, value: utf8 })
  const outside: Outside<string, string> = new Map()
  const copy = job('copy')
    .from(lines)
    .pipe(
      map((line) => line.toUpperCase()),
      sink(mapSink('outside', outside)),
    )
  const storage = mapStorage()
  for (const line of ['one', 'two', 'three']) {
    const weir = await Weir.open(storage)
    const producer = await weir.producer(lines)
    await producer.append('key', line)
    await (
      await weir.run(copy, { until: 'end' })
    ).done
    await weir.close()
  }
  const rows = [...outside.values()].flatMap((kept) => kept.rows)
  expect(rows.map(({ value }) => value)).toEqual(['ONE', 'TWO', 'THREE'])
})
