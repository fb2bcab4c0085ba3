import { count, to } from '@weir/operators'
import { expectTypeOf, test } from 'vitest'
import { int } from '../../src/codec/int.ts'
import { utf8 } from '../../src/codec/utf8.ts'
import { job } from '../../src/job/Job.ts'
import type { MapStoreDefinition, WindowedValue } from '../../src/job/Store.ts'
import { topic } from '../../src/log/Topic.ts'
import type { StoreQuery } from '../../src/runtime/StoreQuery.ts'
import type { Weir } from '../../src/runtime/Weir.ts'

declare const weir: Weir
declare const byTime: MapStoreDefinition<string, number, boolean>
const words = topic('words', { key: utf8, value: utf8 })
const counted = job('counted')
  .from(words)
  .pipe(count('c'), to(topic('counts', { key: utf8, value: int })))

test('a query is typed by the codecs that it is asked with', () => {
  const store = weir.store(counted, { name: 'c', key: utf8, value: int })
  expectTypeOf(store).toEqualTypeOf<StoreQuery<string, number>>()
  expectTypeOf(store.get('a')).toEqualTypeOf<number | undefined>()
  expectTypeOf(store.windows({ key: 'a' })).toEqualTypeOf<Generator<WindowedValue<string, number>, void, undefined>>()
  // @ts-expect-error -- keys are texts
  store.get(1)
  // @ts-expect-error -- there is no such option
  store.range({ prefix: 'a' })
  expectTypeOf(weir.snapshot().store(counted, { name: 'c', key: utf8, value: int })).toEqualTypeOf<typeof store>()
})

test('a query by name alone is typed by the caller', () => {
  expectTypeOf(weir.store<string, number>(counted, 'c').get('a')).toEqualTypeOf<number | undefined>()
  expectTypeOf(weir.store(counted, 'c').get('a')).toEqualTypeOf<unknown>()
})

test('a map store is typed by its definition', () => {
  const store = weir.mapStore(counted, byTime)
  expectTypeOf(store.get('a', 1)).toEqualTypeOf<boolean | undefined>()
  expectTypeOf(store.range('a', { from: 1 })).toEqualTypeOf<Generator<readonly [number, boolean], void, undefined>>()
})
