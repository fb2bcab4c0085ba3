import type { OperatorFunction } from 'rxjs'
import type { Codec } from '../codec/Codec.ts'
import type { Topic } from '../log/Topic.ts'
import type { Clock } from '../ports/Clock.ts'
import type { KeyValueStore, StoreDefinition, WindowStore } from './Store.ts'
import type { StreamRecord } from './StreamRecord.ts'

/**
 * One step of a job, as a value: what it is, for descriptions and checks, and how it works, for tasks.
 *
 * `attach` is called once a task; the RxJS function that it gives is applied once a batch, to an Observable that completes
 * at the batch's end. What must outlive a batch is kept in stores. Errors of user code go to the subscriber (see `operate`).
 */
export interface Operator<KIn, VIn, KOut, VOut> {
  /** The operator's kind, such as `map` or `aggregate`. */
  readonly kind: string
  /** Unique within a job where it names stores; shown in descriptions. */
  readonly name: string
  /** Its state. */
  readonly stores: ReadonlyArray<StoreDefinition<unknown, unknown>>
  /** The topics it writes to. */
  readonly outputs: ReadonlyArray<Topic<unknown, unknown>>
  /** Its output is what the job is for: a job needs at least one such step in each flow. */
  readonly sink?: boolean | undefined
  /** It needs all records of a key in one task: after a change of the key a repartition topic comes before it. */
  readonly keyed: boolean
  /** It gives records another key; the codec of that key. */
  readonly rekeys?: Rekeying | undefined
  /** It gives records another value; the codec of that value, if a later repartition is to write it with another one than MessagePack. */
  readonly revalues?: Revaluing | undefined
  /**
   * How far behind event time the records that it gives on may lie, in ms; 0 by default. A windowed operator holds them
   * back for its grace. What follows takes event time to be so much earlier.
   */
  readonly holdsMs?: number | undefined
  readonly attach: (context: TaskContext) => OperatorFunction<StreamRecord<KIn, VIn>, StreamRecord<KOut, VOut>>
}

/** What an operator says when it gives records another key. */
export interface Rekeying {
  readonly key: Codec<unknown>
  /** Of the repartition topic, if there is to be one; as many as the source has by default. */
  readonly partitions?: number | undefined
}

/** What an operator says when it gives records another value. */
export interface Revaluing {
  readonly value?: Codec<unknown> | undefined
}

/** An operator of any types, for code that handles all of them. */
export type AnyOperator = Operator<any, any, any, any> // oxlint-disable-line typescript/no-explicit-any -- the types meet in `pipe`

/** What a task gives to its operators. */
export interface TaskContext {
  readonly job: string
  readonly stage: number
  readonly partition: number
  readonly clock: Clock
  /**
   * The event time that all sources have reached, less what operators before this one hold back: windows that end at or
   * before it are complete. It moves within a batch, before each record, and once more before the batch completes. Until
   * then records that an operator before this one has held back may still come, each with its own `watermark`.
   */
  readonly watermark: () => number
  readonly keyValueStore: <K, V>(definition: StoreDefinition<K, V>) => KeyValueStore<K, V>
  readonly windowStore: <K, V>(definition: StoreDefinition<K, V>) => WindowStore<K, V>
  /** Where records for a topic go: appended in the batch's commit. */
  readonly output: <K, V>(topic: Topic<K, V>) => Output<K, V>
  /** Adds to one of the run's counters, such as `late`; counted when the batch commits. */
  readonly count: (counter: string, by: number) => void
}

/** Takes records for a topic; they appear with the batch's commit. */
export interface Output<K, V> {
  /** @throws EncodeFailed, RecordTooLarge */
  send(record: StreamRecord<K, V>): void
}
