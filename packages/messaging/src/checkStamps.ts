import { jsonUnchecked, noHeaders, operate, type Operator, type StoreDefinition, type Topic, utf8 } from '@weir/core'
import { optionNames, requireInteger, requireKnown } from '@weir/core/protocol'
import { checkSequence, sequenceFrom, type SequenceState } from './internal/SequenceState.ts'
import { stampOf } from './internal/stamp.ts'
import { faultsOf } from './lossChecker.ts'
import type { StreamFault } from './StreamFault.ts'

/** How a job checks stamps. */
export interface CheckStampsOptions {
  /** Of its store; `stamps` by default. */
  readonly name?: string
  /** As of `lossChecker`; 0 by default: in a log a gap is a loss. */
  readonly reorderMax?: number
}

const checkStampsOptionNames = optionNames<CheckStampsOptions>({ name: true, reorderMax: true })

/**
 * Checks the stamps of all records as a step of a job, and passes them on. Each fault is appended to a topic, with the
 * source as its key, in the commit of the batch in which it is found: each once, whatever crashes. Records without a
 * stamp are passed over.
 *
 * To stand before any `keyBy`: behind it the partitions are others. What is remembered of a source is a row for each of its
 * partitions, which is kept; so give producers that come and go a lasting name (`stampingProducer(producer, { source })`) only
 * where they count on from where they were, and check streams of very many short-lived producers with a `lossChecker`.
 *
 * @param faults - a topic of `utf8` keys and `streamFaults`
 */
export const checkStamps = <K, V>(
  faults: Topic<string, StreamFault>,
  options: CheckStampsOptions = {},
): Operator<K, V, K, V> => {
  const { name = 'stamps', reorderMax = 0 } = options
  requireKnown('checkStamps', options, checkStampsOptionNames)
  requireInteger('checkStamps: reorderMax', reorderMax, 0, 1_000_000)
  const store: StoreDefinition<string, SequenceState> = {
    name,
    kind: 'key-value',
    key: utf8,
    value: jsonUnchecked<SequenceState>(),
  }
  return {
    kind: 'check-stamps',
    name,
    stores: [store as unknown as StoreDefinition<unknown, unknown>],
    outputs: [faults as unknown as Topic<unknown, unknown>],
    sink: true,
    keyed: false,
    attach: (context) => {
      const states = context.keyValueStore(store)
      const output = context.output(faults)
      return operate({
        next: (record, out) => {
          out.next(record)
          const stamp = stampOf(record.headers)
          if (stamp === undefined) return
          const { source, sequence } = stamp
          const { state, kind, missing } = checkSequence(states.get(source) ?? sequenceFrom(0), sequence, reorderMax)
          states.put(source, state)
          for (const fault of faultsOf(source, context.partition, sequence, kind, missing)) {
            output.send({
              key: source,
              value: fault,
              timestamp: record.timestamp,
              watermark: record.watermark,
              headers: noHeaders,
              window: undefined,
            })
          }
        },
      })
    },
  }
}
