import type { Observable } from 'rxjs'
import type { Received } from '../../src/codec/Received.ts'
import { entry } from '../../src/log/entry.ts'
import type { Topic } from '../../src/log/Topic.ts'
import type { World } from './world.ts'

/** What a subscriber is told, in order: values, `bad key` or `bad value`, `error` and its tag, `complete`. */
export const watch = <K, V>(
  stream: Observable<Received<K, V>>,
): { readonly seen: ReadonlyArray<V | string>; readonly stop: () => void } => {
  const seen: Array<V | string> = []
  const subscription = stream.subscribe({
    next: (record) => seen.push(record._tag === 'Record' ? record.value : `bad ${record.part}`),
    error: (error: { readonly _tag: string }) => seen.push(`error ${error._tag}`),
    complete: () => seen.push('complete'),
  })
  return { seen, stop: () => subscription.unsubscribe() }
}

/** Appends values that are numbers, each of which is its timestamp too, as one batch. */
export const append = async (
  world: World,
  to: Topic<string, string>,
  values: ReadonlyArray<string>,
  partition = 0,
): Promise<void> => {
  const entries = values.map((value) => entry(to, 'k', value, { partition, timestamp: Number(value) }))
  await world.outcome(world.weir.append(...entries))
}

/** The numbers from 0 on as texts. */
export const numbers = (count: number): ReadonlyArray<string> => Array.from({ length: count }, (_, n) => String(n))
