import {
  type Codec,
  job,
  type JobFlow,
  msgpack,
  operate,
  type Operation,
  type Operator,
  type StoreDefinition,
  type StreamRecord,
  type TaskContext,
  type Topic,
  topic,
  utf8,
} from '@weir/core'

// Jobs for the tests of this package, from the core alone: right ones, and wrong ones that the laws must find.

export const words = topic('words', { key: utf8, value: utf8, partitions: 2 })
export const more = topic('more', { key: utf8, value: utf8 })
export const copies = topic('copies', { key: utf8, value: utf8, partitions: 2 })
const table = topic('table', { key: utf8, value: utf8, partitions: 2, cleanup: 'compact' })
export const counts = topic('counts', { key: utf8, value: msgpack<number>(), partitions: 2 })

type Any<K, V> = Operator<K, V, K, V>

const plain = { stores: [], outputs: [], keyed: false }

/** An operator from the core's parts. */
const operator = <K, VIn, VOut>(
  kind: string,
  operation: (context: TaskContext) => Operation<StreamRecord<K, VIn>, StreamRecord<K, VOut>>,
  parts: Partial<Operator<K, VIn, K, VOut>> = {},
): Operator<K, VIn, K, VOut> => ({
  kind,
  name: kind,
  ...plain,
  ...parts,
  attach: (context) => operate(operation(context)),
})

const to = <K, V>(output: Topic<K, V>): Any<K, V> =>
  operator(
    'to',
    (context) => {
      const target = context.output(output)
      return { next: (record) => target.send(record) }
    },
    { outputs: [output as unknown as Topic<unknown, unknown>], sink: true },
  )

const erased = (store: StoreDefinition<string, number>): StoreDefinition<unknown, unknown> =>
  store as unknown as StoreDefinition<unknown, unknown>

/** Counts by key, over all time. */
const count = (name: string): Operator<string, string, string, number> => {
  const store: StoreDefinition<string, number> = { name, kind: 'key-value', value: msgpack<number>() }
  return operator(
    'count',
    (context) => {
      const held = context.keyValueStore(store)
      return {
        next: (record, out) => {
          const value = (held.get(record.key) ?? 0) + 1
          held.put(record.key, value)
          out.next({ ...record, value, stored: undefined })
        },
      }
    },
    { stores: [erased(store)], keyed: true, revalues: {} },
  )
}

/** Counts by key in windows of a second, each given on once it is complete. */
const countSeconds = (name: string): Operator<string, string, string, number> => {
  const store: StoreDefinition<string, number> = { name, kind: 'window', value: msgpack<number>() }
  return operator(
    'countSeconds',
    (context) => {
      const held = context.windowStore(store)
      return {
        next: ({ key, timestamp, watermark }) => {
          const start = Math.floor(timestamp / 1_000) * 1_000
          if (start + 1_000 > watermark) held.put(key, start, (held.get(key, start) ?? 0) + 1)
        },
        complete: (out) => {
          for (
            let start = held.earliest();
            start + 1_000 <= context.watermark() && start < Infinity;
            start = held.earliest()
          ) {
            for (const [key, value] of held.take(start)) {
              const end = { timestamp: start + 999, watermark: start + 999, headers: null, stored: undefined }
              out.next({ key, value, ...end, window: { start, end: start + 1_000 } })
            }
          }
        },
      }
    },
    { stores: [erased(store)], keyed: true, revalues: {} },
  )
}

/** The value becomes the key. */
const keyByValue: Operator<string, string, string, string> = {
  kind: 'keyBy',
  name: 'keyBy',
  ...plain,
  rekeys: { key: utf8 as unknown as Codec<unknown>, partitions: 2 },
  attach: () => operate({ next: (record, out) => out.next({ ...record, key: record.value }) }),
}

export const wordCount: JobFlow<string, number> = job('word-count').from(words).pipe(count('by-word'), to(counts))

export const rekeyedCount: JobFlow<string, number> = job('rekeyed-count')
  .from(words)
  .pipe(keyByValue, count('by-value'), to(counts))

export const windowedCount: JobFlow<string, number> = job('windowed-count')
  .from(words)
  .pipe(keyByValue, countSeconds('by-second'), to(counts))

/** Wrong: its state is not in a store, and so gone after a crash. */
export const forgetful: JobFlow<string, number> = job('forgetful')
  .from(words)
  .pipe(
    operator<string, string, number>('forgetful', () => {
      let seen = 0
      return {
        next: (record: StreamRecord<string, string>, out) => out.next({ ...record, value: ++seen, stored: undefined }),
      }
    }),
    to(counts),
  )

/** Wrong: what it gives on depends on where a batch ends. */
export const batchy: JobFlow<string, number> = job('batchy')
  .from(words)
  .pipe(
    operator<string, string, number>('batchy', () => {
      let last: StreamRecord<string, string> | undefined
      let size = 0
      return {
        next: (record: StreamRecord<string, string>) => {
          last = record
          size++
        },
        complete: (out) => {
          if (last !== undefined) out.next({ ...last, value: size, stored: undefined })
          last = undefined
          size = 0
        },
      }
    }),
    to(counts),
  )

/** Wrong: user code that throws at a value. */
export const throwing: JobFlow<string, string> = job('throwing')
  .from(words)
  .pipe(
    operator<string, string, string>('throwing', () => ({
      next: (record: StreamRecord<string, string>, out) => {
        if (record.value === 'bad') throw new Error('of the operator')
        out.next(record)
      },
    })),
    to(more),
  )

/** Passes records on, as the operator says. */
const relay = (
  kind: string,
  operation: () => Operation<StreamRecord<string, string>, StreamRecord<string, string>>,
): JobFlow<string, string> => job(kind).from(words).pipe(operator<string, string, string>(kind, operation), to(copies))

export const copying: JobFlow<string, string> = relay('copying', () => ({
  next: (record, out) => out.next(record),
}))

/** Wrong: it drops what it does not like, in every run. */
export const picky: JobFlow<string, string> = relay('picky', () => ({
  next: (record, out) => {
    if (!record.value.startsWith('c')) out.next(record)
  },
}))

/** Wrong: it holds a record until the next one comes, and not in a store. */
export const hoarding: JobFlow<string, string> = relay('hoarding', () => {
  let held: StreamRecord<string, string> | undefined
  return {
    next: (record, out) => {
      if (held !== undefined) out.next(held)
      held = record
    },
  }
})

/** Wrong: it knows the first of two records, which it makes one of, only until a crash comes between them. */
export const pairing: JobFlow<string, string> = relay('pairing', () => {
  let first: StreamRecord<string, string> | undefined
  return {
    next: (record, out) => {
      if (first === undefined) first = record
      else {
        out.next({ ...record, value: first.value + record.value })
        first = undefined
      }
    },
  }
})

/** Wrong: what it has seen is beside the job, where a crash of a driver leaves it. */
export const remembering = (): JobFlow<string, string> => {
  const known = new Set<string>()
  return relay('remembering', () => ({
    next: (record, out) => {
      if (!known.has(record.key)) out.next(record)
      known.add(record.key)
    },
  }))
}

/** At least once, and no more: the first record that it sees after a start comes twice. */
export const stuttering: JobFlow<string, string> = relay('stuttering', () => {
  let isFresh = true
  return {
    next: (record, out) => {
      out.next(record)
      if (isFresh) out.next(record)
      isFresh = false
    },
  }
})

/** Wrong: the records of a batch come in the reverse order. */
export const reversing: JobFlow<string, string> = relay('reversing', () => {
  let batch: Array<StreamRecord<string, string>> = []
  return {
    next: (record) => void batch.push(record),
    complete: (out) => {
      for (const record of batch.toReversed()) out.next(record)
      batch = []
    },
  }
})

const seen: StoreDefinition<string, number> = { name: 'seen', kind: 'key-value', value: msgpack<number>() }

/** Gives on what has another value than all before it of its key. */
export const distinct: JobFlow<string, string> = job('distinct')
  .from(words)
  .pipe(
    operator<string, string, string>(
      'distinct',
      (context) => {
        const held = context.keyValueStore(seen)
        return {
          next: (record, out) => {
            const id = `${record.key}/${record.value}/${record.timestamp}`
            if (held.get(id) === undefined) out.next(record)
            held.put(id, 1)
          },
        }
      },
      { stores: [erased(seen)], keyed: true, revalues: {} },
    ),
    to(copies),
  )

/** The last value of each key, to be read as a table. */
export const latest: JobFlow<string, string> = job('latest').from(words).pipe(to(table))
