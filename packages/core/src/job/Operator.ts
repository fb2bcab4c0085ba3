import type { Observable } from 'rxjs'
import type { Codec } from '../codec/Codec.ts'
import type { Topic } from '../log/Topic.ts'
import type { Headers } from '../model/Headers.ts'
import type { Clock } from '../ports/Clock.ts'
import type { RowReader } from '../ports/Storage.ts'
import type { BufferStore, BufferStoreDefinition } from './BufferStore.ts'
import type { Flow } from './Flow.ts'
import type {
  KeyValueStore,
  MapStore,
  MapStoreDefinition,
  StoreDefinition,
  TaskRows,
  TimerStore,
  WindowStore,
} from './Store.ts'
import type { StreamRecord, WindowOrNone } from './StreamRecord.ts'

/**
 * One step of a job, as a value: what it is, for descriptions and checks, and how it works, for tasks.
 *
 * `attach` is called once a task; the RxJS function that it gives is applied once a batch, to an Observable that completes
 * at the batch's end. What must outlive a batch is kept in stores. Errors of user code go to the subscriber (see `operate`).
 *
 * @typeParam WIn - the windows of the records that it takes, as in `StreamRecord`
 * @typeParam WOut - the windows of those that it gives on
 */
export interface Operator<KIn, VIn, KOut, VOut, WIn = WindowOrNone, WOut = WindowOrNone> {
  /** The operator's kind, such as `map` or `aggregate`. */
  readonly kind: string
  /** Unique within a job where it names stores; shown in descriptions. */
  readonly name: string
  /** Its state. */
  readonly stores: ReadonlyArray<StoreDefinition<unknown, unknown>>
  /** The topics it writes to. */
  readonly outputs: ReadonlyArray<Topic<unknown, unknown>>
  /** Its output is what the job is for: each flow of a job needs at least one such step, or ends with one that `keepsResult`. */
  readonly sink?: boolean | undefined
  /** All that it gives on is in its state too, so that a flow may end with it and be asked. */
  readonly keepsResult?: boolean | undefined
  /** What a crash may do to what it writes to the outside; `exactly-once`, as all is inside of Weir, by default. */
  readonly guarantee?: OperatorGuarantee | undefined
  /** It needs all records of a key in one task: after a change of the key a repartition topic comes before it. */
  readonly keyed: boolean
  /** It works on records as they lie in the topic (`TaskContext.source`), so it must be the first one behind it. */
  readonly readsSource?: boolean | undefined
  /** It is the first one behind a topic: where others come before it, a topic of the job's own comes between. */
  readonly isolated?: boolean | undefined
  /** Flows that come in here: `attach` gives a function of the records before it, and of theirs in this order. */
  readonly others?: ReadonlyArray<Flow> | undefined
  /** Those flows are only looked up: what it gives on has nothing of their event time, which may then stand still. */
  readonly looksUpOthers?: boolean | undefined
  /** Flows that run beside it, in tasks of their own, for what it looks up: the store of their last operator, see `lookUp`. */
  readonly beside?: ReadonlyArray<Flow> | undefined
  /** Lines of operators that begin behind it, beside the one that goes on. */
  readonly lines?: ReadonlyArray<ReadonlyArray<AnyOperator>> | undefined
  /** Its records go through this topic, and what follows reads them there. Such an operator is never attached. */
  readonly through?: Topic<unknown, unknown> | undefined
  /**
   * What it stands for: a row of operators that are simpler, perhaps made for the codecs of the records that arrive. Such an
   * operator is never attached.
   */
  readonly steps?: ReadonlyArray<AnyOperator> | ((arriving: RecordCodecs) => ReadonlyArray<AnyOperator>) | undefined
  /** It gives records another key; the codec of that key. */
  readonly rekeys?: Rekeying | undefined
  /** It gives records another value; the codec of that value, if a later repartition is to write it with another one than MessagePack. */
  readonly revalues?: Revaluing | undefined
  /**
   * How far behind event time the records that it gives on may lie, in ms; 0 by default. A windowed operator holds them
   * back for its grace. What follows takes event time to be so much earlier.
   */
  readonly holdsMs?: number | undefined
  readonly attach: (context: TaskContext) => AttachedOperator<KIn, VIn, KOut, VOut, WIn, WOut>
}

/** What an operator makes of the records of one batch: those before it, and those of the flows that come in at it. */
export type AttachedOperator<KIn, VIn, KOut, VOut, WIn = WindowOrNone, WOut = WindowOrNone> = (
  source: Observable<StreamRecord<KIn, VIn, WIn>>,
  ...others: ReadonlyArray<Observable<StreamRecord<KIn, any>>> // oxlint-disable-line typescript/no-explicit-any -- of the types that the operator itself asked for
) => Observable<StreamRecord<KOut, VOut, WOut>>
/** Whether a crash may repeat or lose what an operator does. */
export type OperatorGuarantee = 'exactly-once' | 'at-least-once' | 'at-most-once'

/** How the records at one place of a job are written where they have to be. */
export interface RecordCodecs {
  readonly key: Codec<unknown>
  readonly value: Codec<unknown>
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
export type AnyOperator = Operator<any, any, any, any, any, any> // oxlint-disable-line typescript/no-explicit-any -- the types meet in `pipe`

/** What a task gives to its operators. */
export interface TaskContext {
  readonly job: string
  readonly stage: number
  readonly partition: number
  /** The topic that the task reads: the flow's source, or a repartition topic; the one that names the stage when it reads several. */
  readonly input: Topic<unknown, unknown>
  readonly clock: Clock
  /** So many records a batch has at most. An operator that makes many of one may cut them likewise, see `wake`. */
  readonly batchRecordsMax: number
  /**
   * The event time that all sources have reached, less what operators before this one hold back: windows that end at or
   * before it are complete. It moves within a batch, before each record, and once more before the batch completes. Until
   * then records that an operator before this one has held back may still come, each with its own `watermark`.
   */
  readonly watermark: () => number
  readonly keyValueStore: <K, V>(definition: StoreDefinition<K, V>) => KeyValueStore<K, V>
  readonly windowStore: <K, V>(definition: StoreDefinition<K, V>) => WindowStore<K, V>
  readonly mapStore: <K, S, V>(definition: MapStoreDefinition<K, S, V>) => MapStore<K, S, V>
  /** Values that wait, by key and time; the definition is one of `bufferStore`. */
  readonly bufferStore: <K, V>(definition: BufferStoreDefinition<V>) => BufferStore<K, V>
  /** A key-value store that a flow `beside` the operator keeps. */
  readonly lookUp: <K, V>(definition: StoreDefinition<K, V>) => LookUp<K, V>
  /** Timers; their ids are the definition's keys. */
  readonly timerStore: <V, I>(definition: StoreDefinition<I, V>) => TimerStore<V, I>
  /** Where records for a topic go: appended in the batch's commit. */
  readonly output: <K, V>(topic: Topic<K, V>) => Output<K, V>
  /** Adds to one of the run's counters, such as `late`; counted when the batch commits. */
  readonly count: (counter: string, by: number) => void
  /** The record that is being pushed through the operators: to be asked while `next` runs, at any other time a broken assumption. */
  readonly source: () => SourceRecord
  /**
   * For work that outlives the moment, such as a call: says later what it is on account of. To be asked while a record is worked on; the
   * operator fails with what the function makes of the error, and that record is set aside, if there is one.
   */
  readonly blamer: () => (error: unknown) => Error
  /**
   * Does what the record that is being pushed is not to blame for, such as giving on a window that is complete. What fails in it,
   * also in operators behind this one, ends the run, as what fails in `complete` does; no record is set aside.
   */
  readonly unblamed: (action: () => void) => void
  /**
   * Does what is on account of a record that has waited in a store until now, such as giving it on, or of one that might as well have
   * waited. What fails in it, also in operators behind this one, sets that record aside, as it does with one that is being
   * pushed. Within another such call, it is the record of the outer one.
   */
  readonly onAccountOf: (record: WaitedRecord, action: () => void) => void
  /** The offset up to which the task has read its input. */
  readonly readUpTo: () => number
  /** Where the input ended at the last look into the storage: the next offset to be written. */
  readonly inputEnd: () => number
  /**
   * The task runs a batch as soon as it can, without records when there are none, and operators hear of it by `complete`.
   * May be called at any time, such as when work beside the batches is done. Calls are merged.
   */
  readonly wake: () => void
  /**
   * As `wake`, when `clock.now()` has come to `timeMs`. Only the earliest time asked for counts, and once: an operator asks
   * again in each `complete`. The wall clock may be set meanwhile, so it looks at the time before it does what is due.
   */
  readonly wakeAt: (timeMs: number) => void
  /**
   * Where records go for a topic that is known by its name only, as bytes or text; appended in the batch's commit.
   *
   * @param options - `bounded: false`: whatever the topic's capacity says, so that one that is full holds up no other
   * @throws UnknownTopic when the storage has no topic of this name
   */
  readonly outputTo: (topic: string, options?: { readonly bounded?: boolean }) => RawOutput
  /** The rows of the storage as of now: what is durable, without what this task has written since. */
  readonly rows: RowReader
  /** The batch's commit is refused with CommitConflict, and the task starts anew, unless the row holds this (`null`: is absent). */
  readonly expect: (key: Uint8Array, value: Uint8Array | null) => void
  /** Writes a row in the batch's commit; `null` removes it. Rows that other tasks write too need an `expect` beside it. */
  readonly writeRow: (key: Uint8Array, value: Uint8Array | null) => void
  /** A key-value store of the operator, as bytes in order. Whoever uses it does not use `keyValueStore` of the same definition. */
  readonly taskRows: (definition: StoreDefinition<unknown, unknown>) => TaskRows
  /** The row key of a key in a store of the operator that all tasks of the job share. */
  readonly sharedRowKey: (definition: StoreDefinition<unknown, unknown>, key: Uint8Array) => Uint8Array
  /** Calls back once this batch's commit is durable; not at all when it is refused, fails or is lost. */
  readonly afterCommit: (action: () => void) => void
  /** Whether the task has ended: nothing more of it will be committed, and nothing is to begin. */
  readonly hasStopped: () => boolean
  /** Tells the task of work that goes on beside the batches. */
  readonly attend: (work: OngoingWork) => void
}

/** A record that an operator knows by itself, and not by its place in a topic: mostly it has waited in a store. */
export interface WaitedRecord {
  /** The name of that operator. */
  readonly operator: string
  /** By which of its inputs the record came, from 0 on; the first one by default. */
  readonly input?: number | undefined
  readonly key: unknown
  readonly timestamp: number
  readonly headers: Headers | null
  /** Its value, encoded. */
  readonly value: () => Uint8Array
}

/** A key-value store that other tasks keep, as it is committed. */
export interface LookUp<K, V> {
  /** One look into the storage. */
  get(key: K): V | undefined
  /** Whether all is in it that its sources held when the task started. */
  isFilled(): boolean
}

/** A record as it lies in the topic. */
export interface SourceRecord {
  readonly offset: number
  readonly id: string | null
  /** Shares memory with the batch. */
  readonly key: Uint8Array | null
  /** Shares memory with the batch. */
  readonly value: Uint8Array | null
  /** The value as text, where the batch has all of its values as ASCII text; else its bytes. */
  readonly encodedValue: string | Uint8Array | null
  /** As it was appended. */
  readonly timestamp: number
  readonly headers: Headers
}

/** Work of an operator that outlives the batch in which it began, such as calls of a handler. */
export interface OngoingWork {
  /** How many more records it takes now; with 0 none are read. A task may give it more, up to the end of a stored batch. */
  readonly demand: () => number
  /**
   * The first offset whose record must be read again after a crash, `Infinity` for none: the position is committed up to
   * it. What lies behind it and is done, the operator must know from its rows.
   */
  readonly firstUnsettled: () => number
  /** Records before this offset may be done already, although the position lies before them: `isDone` is asked for each. */
  readonly doneBefore: number
  /**
   * Whether it may be that records behind `firstUnsettled` are read again which `isDone` knows nothing of: those among them that
   * cannot be decoded are then set aside with an id of their place, so that they are once.
   */
  readonly rereads?: boolean
  /**
   * The `watermark` of the earliest record that is still to be given on, `Infinity` for none: event time does not go beyond it
   * for the stages behind. It never goes back for them.
   */
  readonly holdsBackTo?: () => number
  /** Whether the record at this offset was done before the task started: it is not even decoded. */
  readonly isDone: (offset: number) => boolean
  /** Whether nothing is under way or waits for its time: a run to the end waits for it. */
  readonly isSettled: () => boolean
  /** A run to the end has read all there is: what waits for more records is not to wait any longer. May be called often. */
  readonly atEnd?: () => void
  /** A commit is about to be made: the last chance to write rows in it. What has not changed need not be written again. */
  readonly beforeCommit: () => void
  /** The task is about to end: nothing new is to begin, and what is not under way counts as settled. */
  readonly drain: () => void
  /** The task has ended: nothing that is under way will be committed. Called once; must not throw. */
  readonly stop: () => void
}

/** Takes records, as bytes or text, for a topic that is known by its name; they appear with the batch's commit. */
export interface RawOutput {
  /** @throws RecordTooLarge, InvalidOption for a partition that the topic does not have */
  send(record: RawRecord): void
}

/** A record for a topic whose codecs are not known: the caller's bytes and text are what its readers will decode. */
export interface RawRecord {
  readonly key: Uint8Array | string | null
  readonly value: Uint8Array | string | null
  /** Event time in milliseconds since 1970; the clock's now by default. */
  readonly timestamp?: number | undefined
  readonly headers?: Headers | null | undefined
  readonly id?: string | null | undefined
  /** `false`: the id is stored and not looked at, so that a record with an id that is known goes through. `true` by default. */
  readonly dedup?: boolean | undefined
  /** Within the topic; murmur2 over the key by default, as the topic's own partitioner is not known. */
  readonly partition?: number | undefined
}

/** Takes records for a topic; they appear with the batch's commit. */
export interface Output<K, V> {
  /** @throws EncodeFailed, RecordTooLarge */
  send(record: StreamRecord<K, V>): void
}
