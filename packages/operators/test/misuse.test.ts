import { InvalidOption } from '@weir/core'
import { describe, expect, test } from 'vitest'
import { assignTimestamps, filter, flatMap, keyBy, map, mapValues, tap } from '../src/index.ts'

describe('what cannot work is refused where it is said, not at the first record', () => {
  test.each([
    ['filter: keep', () => filter(undefined as never)],
    ['map: project', () => map(5 as never)],
    ['map: project', () => mapValues(null as never)],
    ['flatMap: project', () => flatMap([] as never)],
    ['tap: look', () => tap(undefined as never)],
    ['keyBy: keyOf', () => keyBy(undefined as never)],
    ['assignTimestamps: timestampOf', () => assignTimestamps(0 as never)],
  ])('%s without a function', (what, make) => {
    expect(make).toThrow(InvalidOption)
    expect(make).toThrow(`${what} is `)
  })

  test.each([
    ['map', 'codecs', () => map(String, { codecs: 1 } as never)],
    ['flatMap', 'codecs', () => flatMap(() => [], { codecs: 1 } as never)],
    ['keyBy', 'partition', () => keyBy(String, { partition: 1 } as never)],
    ['assignTimestamps', 'idleMs', () => assignTimestamps(Number, { idleMs: 1 } as never)],
  ])('an option that %s does not know: %s', (_, name, make) => {
    expect(make).toThrow(InvalidOption)
    expect(make).toThrow(`there is no option '${name}'`)
  })
})
