import { type Codec, msgpack, nullable, operate, type Operator, type StreamRecord } from '@weir/core'
import { requireFunction } from '@weir/core/protocol'
import { requireOptions } from './internal/requireOptions.ts'

/**
 * Gives each row of a table the value that `project` makes of it; rows that are removed stay so. A value `null` of `project`
 * removes the row too.
 *
 * @param project - is not called for removals
 * @param options - `codec` is used where the new value has to travel through a repartition topic; MessagePack by default
 * @throws InvalidOption for a `project` that is no function, or an option that is none
 * @example
 * import { int32, job, nullable, topic, utf8 } from '@weir/core'
 * import { jobDriver } from '@weir/testing'
 *
 * const names = topic('names', { key: utf8, value: nullable(utf8), cleanup: 'compact' })
 * const lengths = topic('lengths', { key: utf8, value: nullable(int32), cleanup: 'compact' })
 *
 * const measuring = job('measuring').from(names).pipe(mapTable((name) => name.length), to(lengths))
 * const driver = await jobDriver(measuring)
 * await driver.send(names, ['Ann', 'Anna', null].map((value) => ({ key: 'u1', value })))
 * const found = await driver.output(lengths)
 * found.map(({ value }) => value) // => [3, 4, null]
 */
export const mapTable = <K, A, B>(
  project: (value: A, record: StreamRecord<K, A>) => B | null,
  options: { readonly codec?: Codec<B> } = {},
): Operator<K, A | null, K, B | null> => {
  requireFunction('mapTable: project', project)
  requireOptions('mapTable', options, ['codec'])
  return {
    kind: 'mapTable',
    name: 'mapTable',
    stores: [],
    outputs: [],
    keyed: false,
    revalues: { value: nullable(options.codec ?? msgpack<B>()) as Codec<unknown> },
    attach: () =>
      operate({
        next: (record, out) => {
          const before = record.value ?? null
          const value = before === null ? null : (project(before, record as StreamRecord<K, A>) ?? null)
          out.next({ ...record, value, stored: undefined })
        },
      }),
  }
}
