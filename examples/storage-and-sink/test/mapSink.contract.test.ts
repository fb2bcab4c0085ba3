import { sinkContract } from '@weir/testing/contract'
import { describe, test } from 'vitest'
import { keptAt, mapSink, type Outside } from '../src/mapSink.ts'

describe('contract', () => {
  const cases = sinkContract({
    name: 'map',
    provide: () => {
      const outside: Outside<string, string | null> = new Map()
      return { sink: mapSink('map', outside), rows: async (place) => keptAt(outside, place).rows }
    },
  })
  for (const { name, run } of cases) test(name, run)
})
