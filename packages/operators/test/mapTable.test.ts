import { int32, InvalidOption, job, nullable, topic, utf8 } from '@weir/core'
import { jobDriver } from '@weir/testing'
import { expect, test } from 'vitest'
import { keyBy, mapTable, reduce, to } from '../src/index.ts'

const numbers = topic('numbers', { key: utf8, value: nullable(int32) })
const texts = topic('texts', { key: utf8, value: nullable(utf8) })

test('gives each row its new value; what is removed stays so, and null removes', async () => {
  const law = job('j')
    .from(numbers)
    .pipe(
      mapTable((n, { key }) => (n > 5 ? null : `${key}${n + 1}`)),
      to(texts),
    )
  const driver = await jobDriver(law)
  await driver.send(
    numbers,
    [1, null, 9, 2].map((value, timestamp) => ({ key: 'a', value, timestamp })),
  )
  const results = (await driver.output(texts)).map(({ value, timestamp }) => [value, timestamp])
  expect(results).toEqual([
    ['a2', 0],
    [null, 1],
    [null, 2],
    ['a3', 3],
  ])
  await driver.close()
})

test('values travel in the codec that it is given, MessagePack by default, with null', () => {
  const codecOf = (options: object): string => {
    const law = job('j')
      .from(numbers)
      .pipe(
        mapTable(String, options),
        keyBy((text) => text ?? ''),
        reduce('r', (_, latest) => latest),
      )
    return law.describe().stages[1]!.inputs[0]!.value
  }
  expect(codecOf({ codec: utf8 })).toBe('nullable(utf8)')
  expect(codecOf({})).toBe('nullable(msgpack)')
})

test('what is no function, and options that it does not have, are refused', () => {
  expect(() => mapTable(undefined as never)).toThrow(InvalidOption)
  expect(() => mapTable('length' as never)).toThrow('mapTable: project is "length"; expected a function')
  expect(() => mapTable(String, { value: utf8 } as never)).toThrow(
    "mapTable: there is no option 'value'; expected some of codec",
  )
  expect(() => mapTable(String, utf8 as never)).toThrow(InvalidOption)
})
