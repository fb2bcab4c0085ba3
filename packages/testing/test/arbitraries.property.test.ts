import fc from 'fast-check'
import { expect, test } from 'vitest'
import { InvalidOption } from '@weir/core'
import { RecordBatch, selectRecords } from '@weir/core/storage'
import { arbitraryBatch, arbitraryHeaders, arbitraryKey, arbitraryRecords } from '@weir/testing'

const seed = 7

test('times never run ahead of the steps, and are in order without disorder', () => {
  const records = arbitraryRecords({
    key: arbitraryKey(2),
    value: fc.nat(),
    times: { startMs: 5_000, stepMsMax: 10 },
    countMax: 30,
  })
  fc.assert(
    fc.property(records, (all) => {
      const times = all.map(({ timestamp }) => timestamp!)
      expect(times).toEqual(times.toSorted((left, right) => left - right))
      for (const [index, time] of times.entries()) expect(time).toBeLessThanOrEqual(5_000 + 10 * (index + 1))
    }),
    { seed },
  )
})

test('with disorder some records lie behind, by no more than it', () => {
  const records = arbitraryRecords({
    key: arbitraryKey(2),
    value: fc.nat(),
    times: { stepMsMax: 10, disorderMsMax: 100 },
    countMin: 20,
    countMax: 30,
  })
  const isInOrder = (times: ReadonlyArray<number>): boolean =>
    times.every((time, at) => at === 0 || time >= times[at - 1]!)
  const samples = fc.sample(records, { seed, numRuns: 50 }).map((all) => all.map(({ timestamp }) => timestamp!))
  expect(samples.filter(isInOrder).length).toBeLessThan(10)
  for (const times of samples) {
    let reached = 0
    for (const time of times) {
      expect(time).toBeGreaterThanOrEqual(reached - 100)
      reached = Math.max(reached, time)
    }
  }
})

test('a batch says what its records are', () => {
  fc.assert(
    fc.property(arbitraryBatch(), ({ records, batch }) => {
      const view = RecordBatch.view(batch, 0)
      expect(view.count).toBe(records.length)
      records.forEach((record, index) => {
        expect([view.id(index), view.watermark(index), view.timestamp(index)]).toEqual([
          record.id,
          record.watermark,
          record.timestamp,
        ])
        expect({ ...view.headers(index) }).toEqual({ ...record.headers })
        expect(view.value(index) === null).toBe(record.value === null)
      })
      expect(RecordBatch.view(selectRecords(batch, [records.length - 1]), 0).id(0)).toBe(records.at(-1)!.id)
    }),
    { seed },
  )
})

test('headers have at most 3 names, and awkward ones are among them', () => {
  const all = fc.sample(arbitraryHeaders(), { seed, numRuns: 300 })
  expect(Math.max(...all.map((headers) => Object.keys(headers).length))).toBe(3)
  expect(all.some((headers) => Object.hasOwn(headers, '__proto__'))).toBe(true)
})

test('options out of range are refused when they are said', () => {
  const parts = { key: arbitraryKey(1), value: fc.nat() }
  expect(() => arbitraryKey(0)).toThrow(InvalidOption)
  expect(() => arbitraryKey(27)).toThrow(InvalidOption)
  expect(() => arbitraryRecords({ ...parts, times: { stepMsMax: -1 } })).toThrow(InvalidOption)
  expect(() => arbitraryRecords({ ...parts, times: { disorderMsMax: 0.5 } })).toThrow(InvalidOption)
})
