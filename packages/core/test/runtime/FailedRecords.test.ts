import { expect, test } from 'vitest'
import { FailedRecords } from '../../src/runtime/FailedRecords.ts'

const at = (offset: number) => ({ topic: 't', partition: 0, offset })

test('ten records in a row are set aside, and not one more', () => {
  const failed = new FailedRecords()
  for (let offset = 0; offset < 10; offset++) expect(failed.add(at(offset), 'bad', 0)).toBe(true)
  expect(failed.add(at(10), 'bad', 0)).toBe(false)
  expect(failed.add(at(12), 'bad', 0)).toBe(true)
})

test('records are in a row where nothing is left between them, whatever their offsets', () => {
  const failed = new FailedRecords()
  for (let nth = 0; nth < 10; nth++) expect(failed.add(at(nth * 100), 'bad', nth)).toBe(true)
  expect(failed.add(at(1_000), 'bad', 10)).toBe(false)
})

test('a record that fails although it was set aside ends the run', () => {
  const failed = new FailedRecords()
  expect(failed.add(at(5), 'bad', 0)).toBe(true)
  expect(failed.of('t').get(5)).toBe('bad')
  expect(failed.add(at(5), 'bad', 0)).toBe(false)
})

test('what is committed is forgotten, but for the end of a row', () => {
  const failed = new FailedRecords()
  failed.add(at(5), 'bad', 0)
  failed.add(at(95), 'bad', 0)
  failed.forget('t', 100)
  expect([...failed.of('t').keys()]).toEqual([95])
})
