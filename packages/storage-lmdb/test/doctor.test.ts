import { cpSync, mkdtempSync, rmSync, statSync, truncateSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { crc32 } from 'node:zlib'
import { commitOf, InvalidOption, StorageRefused } from '@weir/core'
import { doctor as doctorOf, type DoctorReport } from '@weir/core/doctor'
import { epochRow, RecordBatch, rowKey, writeBatchChecksum, writeRunningTimestampMax } from '@weir/core/storage'
import { jsonRow, systemStores } from '@weir/core/protocol'
import { afterAll, beforeAll, expect, test } from 'vitest'
import type { Environment } from '../src/environment.ts'
import { doctor, lmdb } from '../src/index.ts'
import { dedupKey, isLogKey, logKey, positionKey, producerKey, tailKey } from '../src/keys.ts'
import { decodeProducerState, encodeProducerState } from '../src/producerState.ts'
import { storedRowKey, storedRowValue } from '../src/rowKeys.ts'
import { decodeRunList, encodeRunList } from '../src/runs/RunList.ts'
import { runBlockKey, runIndexKey, runListKey, seal } from '../src/runs/runLayout.ts'
import { decodeTail, encodeNumber, encodeTail } from '../src/tail.ts'
import { changeStored } from './changeStored.ts'
import { runFixture } from './child.ts'
import { openWithRuns } from './openWithRuns.ts'
import { openAt, ownFolder } from './scene.ts'
import { fillFolder } from './support/fullFolder.ts'

const root = mkdtempSync(join(tmpdir(), 'weir-doctor-'))
const healthy = join(root, 'healthy')
beforeAll(async () => {
  await fillFolder(healthy)
  await changeInRun(healthy)
})
afterAll(() => rmSync(root, { recursive: true }))

/** Writes the last row once more as it is, so that there is a sorted run. */
const changeInRun = async (folder: string): Promise<void> => {
  const storage = await openWithRuns(folder, { rowsMin: 1, pagesMin: 0 })
  const rows = storage.rows.range(new Uint8Array(0), new Uint8Array([0xff]), { limit: 1, reverse: true })
  await storage.commit(commitOf({ rows }))
  await storage.close()
}

let copies = 0
/** A copy of the healthy folder, with a change. */
const changed = (change: (data: Environment) => void): string => {
  const folder = join(root, String(copies++))
  cpSync(healthy, folder, { recursive: true })
  changeStored(folder, change)
  return folder
}

const text = (value: string): Uint8Array => new TextEncoder().encode(value)
const noKey = new Uint8Array(0)

/** What a change needs to know of the folder. Topics begin where the first job has named them. */
class Stored {
  readonly data: Environment
  /** Which partition of words is to be changed. */
  readonly #index: number

  constructor(data: Environment, index = 0) {
    this.data = data
    this.#index = index
  }

  row(store: number, partition: number, key: Uint8Array): Uint8Array | undefined {
    const found = this.data.get(storedRowKey(rowKey(store, partition, key)))
    return found === undefined ? undefined : Uint8Array.from(found)
  }

  putRow(store: number, partition: number, key: Uint8Array, value: Uint8Array): void {
    const row = rowKey(store, partition, key)
    this.data.put(storedRowKey(row), storedRowValue(row, value))
  }

  removeRow(store: number, partition: number, key: Uint8Array): void {
    this.data.remove(storedRowKey(rowKey(store, partition, key)))
  }

  json(store: number, key: string): Record<string, never> {
    return JSON.parse(Buffer.from(this.row(store, 0, text(key))!).toString()) as Record<string, never>
  }

  partition(topic: string): number {
    const { firstPartition } = this.json(systemStores.topics, topic) as unknown as { firstPartition: number }
    return topic === 'words' ? firstPartition + this.#index : firstPartition
  }

  store(name: string): number {
    return (this.json(systemStores.stores, name) as unknown as { id: number }).id
  }

  /** The batches of a partition. */
  batches(partition: number): ReadonlyArray<RecordBatch> {
    const found: RecordBatch[] = []
    for (const { key, value } of this.data.getRange({ start: logKey(partition, 0), end: tailKey(partition) })) {
      if (isLogKey(key))
        found.push(RecordBatch.view(Uint8Array.from(value), Number(Buffer.from(key).readBigUInt64BE(6))))
    }
    return found
  }

  tail(partition: number): ReturnType<typeof decodeTail> {
    return decodeTail(this.data.get(tailKey(partition)))
  }
}

interface Fault {
  readonly what: string
  readonly check: string
  readonly says: RegExp
  readonly plant: (stored: Stored) => void
}

const fault = (what: string, check: string, says: RegExp, plant: (stored: Stored) => void): Fault => ({
  what,
  check,
  says,
  plant,
})

/** Writes a batch's bytes changed, and with its checksum right again. */
const rewrite = (stored: Stored, partition: number, nth: number, change: (bytes: Uint8Array) => void): void => {
  const { bytes, baseOffset } = stored.batches(partition)[nth]!
  change(bytes)
  writeBatchChecksum(bytes, crc32)
  stored.data.put(logKey(partition, baseOffset), bytes)
}

const viewOf = (bytes: Uint8Array): DataView => new DataView(bytes.buffer, bytes.byteOffset, bytes.length)

const batchFaults = [
  fault('a bit of a batch that has flipped', 'batches', /offset \d+: it does not match its checksum/, (stored) => {
    const partition = stored.partition('words')
    const { bytes, baseOffset } = stored.batches(partition)[1]!
    bytes[bytes.length - 1]! ^= 1
    stored.data.put(logKey(partition, baseOffset), bytes)
  }),
  fault('a batch that is gone', 'batches', /topic 'words' partition \d offset \d+: it follows on offset/, (stored) => {
    const partition = stored.partition('words')
    stored.data.remove(logKey(partition, stored.batches(partition)[1]!.baseOffset))
  }),
  fault('the last batch gone', 'batches', /its batches end at \d+; the partition goes from 0 to \d+/, (stored) => {
    const partition = stored.partition('words')
    stored.data.remove(logKey(partition, stored.batches(partition).at(-1)!.baseOffset))
  }),
  fault('a batch behind the end', 'batches', /offsets are not within the partition's/, (stored) => {
    const partition = stored.partition('words')
    const { bytes, baseOffset, count } = stored.batches(partition).at(-1)!
    stored.data.put(logKey(partition, baseOffset + count), bytes)
  }),
  fault('a running time that goes back', 'batches', /its running time is \d+; expected/, (stored) => {
    const partition = stored.partition('words')
    const [first, second] = stored.batches(partition)
    writeRunningTimestampMax(first!.bytes, second!.runningTimestampMax + 5)
    stored.data.put(logKey(partition, first!.baseOffset), first!.bytes)
  }),
  fault('a running time below the times of the batch', 'batches', /a record batch has the times/, (stored) => {
    const partition = stored.partition('words')
    const { bytes, baseOffset } = stored.batches(partition)[1]!
    viewOf(bytes).setFloat64(0, -1, true)
    stored.data.put(logKey(partition, baseOffset), bytes)
  }),
  fault('a record that is later than its batch says', 'batches', /record \d+ is later than/, (stored) => {
    // the first column behind the header
    rewrite(stored, stored.partition('words'), 0, (bytes) => viewOf(bytes).setFloat64(72, 1e9, true))
  }),
  fault('a count that does not fit', 'batches', /./, (stored) => {
    rewrite(stored, stored.partition('words'), 0, (bytes) => viewOf(bytes).setUint32(16, 3, true))
  }),
  fault('bounds that are none', 'batches', /it begins at 1000 and ends at/, (stored) => {
    const partition = stored.partition('words')
    stored.data.put(tailKey(partition), encodeTail({ ...stored.tail(partition), start: 1000 }))
  }),
  fault('bytes counted wrong', 'partitions', /its batches take \d+ bytes; 7 are counted/, (stored) => {
    const partition = stored.partition('words')
    stored.data.put(tailKey(partition), encodeTail({ ...stored.tail(partition), bytes: 7 }))
  }),
  fault('a latest time that no batch has', 'partitions', /its latest time is 5; its last batch says/, (stored) => {
    const partition = stored.partition('words')
    stored.data.put(tailKey(partition), encodeTail({ ...stored.tail(partition), runningTimestampMax: 5 }))
  }),
  fault('bounds that are gone', 'partitions', /it has no bounds/, (stored) => {
    stored.data.remove(tailKey(stored.partition('words')))
  }),
  fault('a partition of no topic', 'partitions', /partition 777 of no topic: it belongs to no topic/, ({ data }) => {
    data.put(tailKey(777), encodeTail({ start: 0, end: 0, runningTimestampMax: 0, bytes: 0 }))
  }),
]

/** A producer of the first partition of words, and what is remembered of it. */
const producerOf = (stored: Stored) => {
  const partition = stored.partition('words')
  const { producerId } = stored.batches(partition)[0]!
  const key = producerKey(partition, producerId)
  return { key, state: decodeProducerState(stored.data.get(key))! }
}

const besideFaults = [
  fault('a producer that is forgotten', 'producers', /of its batch at offset 0 nothing is remembered/, (stored) => {
    stored.data.remove(producerOf(stored).key)
  }),
  fault(
    'a sequence that would be taken again',
    'producers',
    /the last sequence is \d+; expected is 1 next/,
    (stored) => {
      const { key } = producerOf(stored)
      stored.data.put(key, encodeProducerState({ epoch: 0, nextSequence: 1, answered: [] }))
    },
  ),
  fault('an answer with offsets behind the end', 'producers', /the partition ends at/, (stored) => {
    const { key, state } = producerOf(stored)
    const [last] = state.answered.slice(-1)
    stored.data.put(key, encodeProducerState({ ...state, answered: [{ ...last!, baseOffset: 10_000 }] }))
  }),
  fault('an answer with offsets of another batch', 'producers', /is not at offset 0, with which it was/, (stored) => {
    const { key, state } = producerOf(stored)
    const [last] = state.answered.slice(-1)
    stored.data.put(key, encodeProducerState({ ...state, answered: [{ ...last!, baseOffset: 0 }] }))
  }),
  fault('a producer that cannot be read', 'producers', /3 bytes are remembered/, (stored) => {
    stored.data.put(producerOf(stored).key, new Uint8Array(3))
  }),
  fault(
    'a position behind the end',
    'positions',
    /group 'total' in topic 'words' partition \d: .* 9999, behind/,
    (stored) => {
      stored.data.put(positionKey(stored.partition('words'), 'total'), encodeNumber(9_999))
    },
  ),
  fault('a position that is no offset', 'positions', /its position is 0.5/, (stored) => {
    stored.data.put(positionKey(stored.partition('words'), 'total'), encodeNumber(0.5))
  }),
  fault('a position in no partition', 'positions', /there is no such partition/, ({ data }) => {
    data.put(positionKey(777, 'total'), encodeNumber(0))
  }),
  fault('an id of a record that is gone', 'ids', /of a record that is not within 0 to \d+/, (stored) => {
    stored.data.put(dedupKey(stored.partition('words'), 'ghost'), encodeNumber(5_000))
  }),
  fault('an id of another record', 'ids', /offset 0: the record there does not have the id/, (stored) => {
    stored.data.put(dedupKey(stored.partition('words'), 'ghost'), encodeNumber(0))
  }),
  fault('a long id of another record', 'ids', /the record there does not have the id/, (stored) => {
    stored.data.put(dedupKey(stored.partition('words'), 'i'.repeat(3_000)), encodeNumber(0))
  }),
  fault('an id in no partition', 'ids', /an id is remembered of no partition/, ({ data }) => {
    data.put(dedupKey(777, 'ghost'), encodeNumber(0))
  }),
  fault('a key of no kind', 'keys', /a key of 2 bytes that begins with 4d01: it is none/, ({ data }) => {
    data.put(new Uint8Array([0x4d, 1]), noKey)
  }),
  fault('a key of no part of a partition', 'keys', /it is none that Weir writes/, (stored) => {
    const key = logKey(stored.partition('words'), 0)
    key[5] = 9
    stored.data.put(key, noKey)
  }),
  fault('a format version that is another', 'keys', /the data says 1; the folder says 3/, ({ data }) => {
    data.put(new Uint8Array([0]), encodeNumber(1))
  }),
  fault('no format version', 'keys', /format version: there is none/, ({ data }) => {
    data.remove(new Uint8Array([0]))
  }),
  fault('a long row key under another hash', 'keys', /a key of 1933 bytes/, (stored) => {
    const row = rowKey(stored.store('total/c'), 0, text('k'.repeat(2_000)))
    const key = storedRowKey(row)
    key[key.length - 1]! ^= 1
    stored.data.put(key, storedRowValue(row, new Uint8Array(4)))
  }),
]

const group = (stored: Stored, change: (state: Record<string, unknown>) => object): void => {
  stored.putRow(systemStores.groups, 0, text('total'), jsonRow(change(stored.json(systemStores.groups, 'total'))))
}
const system = (store: keyof typeof systemStores, key: string, value: Uint8Array, partition = 0) => ({
  put: (stored: Stored): void => stored.putRow(systemStores[store], partition, text(key), value),
})

const rowFaults = [
  fault('a topic that cannot be read', 'topics', /topic 'words': its row does not hold/, (stored) => {
    stored.putRow(systemStores.topics, 0, text('words'), text('{'))
  }),
  fault('topics that share a partition', 'topics', /it has partitions of topic/, (stored) => {
    const info = { ...stored.json(systemStores.topics, 'counts'), firstPartition: stored.partition('words') + 2 }
    stored.putRow(systemStores.topics, 0, text('counts'), jsonRow(info))
  }),
  fault('a counter that gives partitions again', 'topics', /the next number is 1; expected at least/, (stored) => {
    stored.putRow(systemStores.counters, 0, text('partition'), jsonRow(1))
  }),
  fault('a store of another kind', 'stores', /store 'total\/c': its row does not hold/, (stored) => {
    const info = { ...stored.json(systemStores.stores, 'total/c'), kind: 'heap' }
    stored.putRow(systemStores.stores, 0, text('total/c'), jsonRow(info))
  }),
  fault('stores that share their rows', 'stores', /it has the rows of store 'c' of job 'total'/, (stored) => {
    stored.putRow(systemStores.stores, 0, text('total/d'), stored.row(systemStores.stores, 0, text('total/c'))!)
  }),
  fault('a counter that gives stores again', 'stores', /counter 'store': the next number is 1024/, (stored) => {
    stored.putRow(systemStores.counters, 0, text('store'), jsonRow(1024))
  }),
  fault('a row of a store of no job', 'state', /store 9999: it has a row and belongs to no job/, (stored) => {
    stored.putRow(9_999, 0, text('k'), noKey)
  }),
  fault('timers of a store of no job', 'state', /belongs to no job/, (stored) => {
    stored.removeRow(systemStores.stores, 0, text('reminders/remind-event-timers'))
  }),
  fault('a row of no store', 'state', /its key of 3 bytes names no store/, ({ data }) => {
    data.put(storedRowKey(new Uint8Array(3)), noKey)
  }),
  fault('a window without a time', 'state', /store 'windows' .*partition 0: the key of a row has no time/, (stored) => {
    stored.putRow(stored.store('per-second/windows'), 0, new Uint8Array(5), new Uint8Array(4))
  }),
  fault('a timer at no time', 'state', /the key of a row has no time/, (stored) => {
    stored.putRow(stored.store('reminders/remind-event-timers'), 0, new Uint8Array(8).fill(0xff), noKey)
  }),
  fault(
    'a map key that ends too soon',
    'state',
    /store 'handler-held' .*: the key of a row ends too soon/,
    (stored) => {
      stored.putRow(stored.store('work/handler-held'), 0, new Uint8Array([0, 0, 0, 9, 1]), noKey)
    },
  ),
  fault('a subkey of another codec', 'state', /a subkey is none of codec float64/, (stored) => {
    stored.putRow(stored.store('work/handler-held'), 0, new Uint8Array([0, 0, 0, 1, 1, 1]), noKey)
  }),
  fault('a key of another codec', 'state', /a key is none of codec utf8/, (stored) => {
    stored.putRow(stored.store('total/c'), 0, new Uint8Array([0xff]), new Uint8Array(4))
  }),
  fault('a value of another codec', 'state', /a value of 1 bytes is none of codec utf8/, (stored) => {
    stored.putRow(stored.store('reminders/remind-word'), 0, text('k'), new Uint8Array([0xff]))
  }),
  fault('a row of a handler that cannot be decoded', 'state', /a row of a handler cannot be decoded/, (stored) => {
    stored.putRow(
      stored.store('work/handler-pending'),
      0,
      new Uint8Array([1, 0, 0, 0, 0, 0, 0, 0, 0]),
      new Uint8Array(2),
    )
  }),
  fault('what a handler has read up to cut', 'state', /the row of what was read is none/, (stored) => {
    stored.putRow(stored.store('work/handler-pending'), 0, new Uint8Array([0]), new Uint8Array(17))
  }),
  fault('a group that cannot be read', 'groups', /group 'total': its row does not hold/, (stored) => {
    stored.putRow(systemStores.groups, 0, text('total'), text('[]'))
  }),
  fault('an owner who is no member', 'groups', /belongs to 4, who is no member/, (stored) => {
    group(stored, (state) => ({ ...state, owners: { words: [0, 4, 0] } }))
  }),
  fault('a member without a sign of life', 'groups', /member 1 has no row to show/, (stored) => {
    group(stored, (state) => ({ ...state, members: [{ id: 1 }] }))
  }),
  fault('a member of a generation to come', 'groups', /member 99 is of a later generation/, (stored) => {
    group(stored, (state) => ({ ...state, members: [{ id: 99 }] }))
  }),
  fault('a group that shares too few partitions', 'groups', /it shares 1 partitions of topic 'words'/, (stored) => {
    group(stored, (state) => ({ ...state, owners: { words: [0] } }))
  }),
  fault('an epoch that is none', 'system', /epochs, part 0, 'anyone': it holds no epoch/, ({ data }) => {
    data.put(storedRowKey(epochRow('anyone')), new Uint8Array(4))
  }),
  fault(
    'an epoch of no group',
    'system',
    /there is no group 'ghost'/,
    system('epochs', 'ghost/words/0', new Uint8Array([0, 0, 0, 1])).put,
  ),
  fault(
    'an epoch of no partition',
    'system',
    /topic 'words' has 3 partitions/,
    system('epochs', 'total/words/8', new Uint8Array([0, 0, 0, 1])).put,
  ),
  fault('progress that is cut', 'system', /it holds 9 bytes/, system('progress', 'total/words', new Uint8Array(9)).put),
  fault(
    'progress without a time',
    'system',
    /a time of it is no number/,
    system('progress', 'total/words', new Uint8Array(24).fill(0xff)).put,
  ),
  fault('progress of no job', 'system', /no group 'ghost'/, system('progress', 'ghost/words', new Uint8Array(24)).put),
  fault(
    'a sign of life of nobody',
    'system',
    /has no such member/,
    system('heartbeats', 'total', new Uint8Array(4), 77).put,
  ),
  fault('compaction behind the end', 'system', /compaction has come to 99999, behind/, (stored) =>
    stored.putRow(systemStores.compaction, stored.partition('prices'), noKey, jsonRow({ cleaned: 99_999 })),
  ),
  fault('a counter without a number', 'system', /it holds no number/, system('counters', 'producer', text('x')).put),
  fault('a row that is no JSON', 'system', /limits.*it does not hold JSON/, system('limits', 'a/b', text('{')).put),
  fault('a savepoint that was given up', 'system', /did not come to its end/, (stored) =>
    stored.putRow(systemStores.savepoint, 0, noKey, jsonRow({ jobs: [], isComplete: false })),
  ),
  fault('a row of a system store to come', 'system', /this version knows no such rows/, (stored) =>
    stored.putRow(900, 0, noKey, noKey),
  ),
]

const faults = [...batchFaults, ...besideFaults, ...rowFaults]

/** Where a fault is planted; each partition of words is a place of its own. Those without one are planted alone. */
const placesOf = ({ what, check }: Fault): ReadonlyArray<string> => {
  if (/topic that cannot|topics that share|bounds that are|no part of a partition/.test(what)) return []
  if (/batches|partitions|producers|positions|ids/.test(check)) return ['words 0', 'words 1', 'words 2']
  if (/another kind|stores that share|a key of another codec/.test(what)) return ['store total/c']
  if (what.includes('format version')) return ['format version']
  if (/timer/.test(what)) return ['timers']
  if (/progress (that|without)/.test(what)) return ['progress']
  return check === 'groups' ? ['group total'] : [what]
}

/** Opening a folder takes longer than looking it over, so faults are planted beside each other where there is room. */
class Round {
  readonly #planted = new Map<string, Fault>()
  #report: Promise<DoctorReport> | undefined

  /** Takes a fault if one of its places is free. */
  take(each: Fault): boolean {
    const places = placesOf(each)
    const free = places.length === 0 ? 'alone' : places.find((place) => !this.#planted.has(place))
    if (free === undefined || this.#planted.has('alone') || (free === 'alone' && this.#planted.size > 0)) return false
    this.#planted.set(free, each)
    return true
  }

  report(): Promise<DoctorReport> {
    const plantAll = (data: Environment): void =>
      this.#planted.forEach(({ plant }, place) =>
        plant(new Stored(data, place.startsWith('words') ? Number(place.at(-1)) : 0)),
      )
    this.#report ??= Promise.resolve(doctor(changed(plantAll), { findingsMax: 1_000 }))
    return this.#report
  }
}

const rounds: Round[] = []
const planted = faults.map((each) => {
  let round = rounds.find((other) => other.take(each))
  if (round === undefined) {
    round = new Round()
    round.take(each)
    rounds.push(round)
  }
  return { ...each, round }
})

test('a folder with something of each kind is found healthy, and each kind was looked at', async () => {
  const report = await doctor(healthy)
  expect(String(report)).not.toContain('wrong')
  expect(report.isHealthy).toBe(true)
  for (const { name, count } of report.checks) expect(count, name).toBeGreaterThan(0)
  expect(String(report)).toMatch(
    /^file +1 files: all well\nruns +1 sorted runs: all well\ntopics +\d+ topics: all well\n/,
  )
})

test.each(planted)('the doctor finds $what', async ({ round, check, says }) => {
  const report = await round.report()
  expect(report.isHealthy).toBe(false)
  const found = report.checks.find(({ name }) => name === check)!
  expect(found.findings.map(({ where, what }) => `${where}: ${what}`).join('\n')).toMatch(says)
})

/** Changes a part of a run, and gives it the checksum of what it is then. */
const resealed = (data: Environment, key: Uint8Array, change: (part: Uint8Array) => void): void => {
  const part = Uint8Array.from(data.get(key)!)
  change(part)
  data.put(key, seal(part))
}

const runs: ReadonlyArray<readonly [what: string, says: RegExp, change: (data: Environment) => void]> = [
  ['a block of a run gone', /run 1: it has 0 rows; its index says 1/, (data) => data.remove(runBlockKey(1, 0))],
  ['the index of a run gone', /run 1: a part is missing/, (data) => data.remove(runIndexKey(1))],
  [
    'a run gone',
    /run 1: it is missing/,
    (data) => {
      data.remove(runIndexKey(1))
      data.remove(runBlockKey(1, 0))
    },
  ],
  ['a run that nobody knows', /run 1: the list of runs does not have it/, (data) => data.remove(runListKey)],
  ['an index that was cut', /run 1: it is damaged/, (data) => data.put(runIndexKey(1), new Uint8Array(5))],
  [
    'a bit of a block that has flipped',
    /run 1: it is damaged/,
    (data) => {
      const block = Uint8Array.from(data.get(runBlockKey(1, 0))!)
      block[block.length - 1]! ^= 1
      data.put(runBlockKey(1, 0), block)
    },
  ],
  [
    'another row in a block',
    /run 1: its rows are not in order/,
    (data) => resealed(data, runBlockKey(1, 0), (block) => (block[10] = 0)),
  ],
  [
    'a filter without the rows',
    /run 1: a row is not where its index says/,
    (data) => resealed(data, runIndexKey(1), (index) => index.fill(0, 16, 16 + 64)),
  ],
  [
    'a run that ends elsewhere',
    /run 1: it does not end where its index says/,
    (data) => resealed(data, runIndexKey(1), (index) => index[index.length - 1]!++),
  ],
  [
    'a list of runs that gives numbers again',
    /the list of runs: it gives numbers again/,
    (data) => data.put(runListKey, encodeRunList({ ...decodeRunList(data.get(runListKey)), next: 1 })),
  ],
  ['a list of runs that was cut', /the list of runs: it is damaged/, (data) => data.put(runListKey, new Uint8Array(9))],
  [
    'a key among the runs that is none',
    /a key of the runs: it is none that Weir writes/,
    (data) => {
      data.put(new Uint8Array([9, 1, 2]), noKey)
    },
  ],
]

test.each(runs)('the doctor finds %s, and looks no further', async (_, says, change) => {
  const { checks, isHealthy } = await doctor(changed(change))
  expect(isHealthy).toBe(false)
  expect(checks.map(({ name }) => name)).toEqual(['file', 'runs'])
  expect(checks[1]!.findings.map(({ where, what }) => `${where}: ${what}`).join('\n')).toMatch(says)
})

/** The first of each check that knows no more than the port of a storage. */
const ofStorage = ['batches', 'positions', 'topics', 'stores', 'state', 'groups', 'system'].map((name) =>
  faults.find(({ check }) => check === name)!,
)

test.each(ofStorage)('by the port of the storage alone it finds $what', async ({ plant, check, says }) => {
  const storage = await lmdb(changed((data) => plant(new Stored(data)))).open()
  const report = await doctorOf(storage)
  await storage.close()
  const found = report.checks.find(({ name }) => name === check)!
  expect(found.findings.map(({ where, what }) => `${where}: ${what}`).join('\n')).toMatch(
    check === 'batches' ? /does not match its checksum/ : says,
  )
})

test('a file that was cut is told, and not read to the end of the process', async () => {
  const folder = changed(() => undefined)
  const file = join(folder, 'data.mdb')
  truncateSync(file, statSync(file).size / 2)
  const child = runFixture('doctor', [folder])
  expect(await child.exited, child.errors.join('')).toEqual({ code: 0, signal: null })
  expect(child.lines.join('\n')).toMatch(/data.mdb: it was cut: it has \d+ bytes, of \d+ at least/)
})

test('of many findings the first are told, and all are counted', async () => {
  const folder = changed((data) => {
    for (let n = 0; n < 50; n++) new Stored(data).putRow(9_999, n, noKey, noKey)
  })
  const report = await doctor(folder, { findingsMax: 3 })
  const { findings, wrong } = report.checks.find(({ name }) => name === 'state')!
  expect([findings.length, wrong]).toEqual([3, 50])
  expect(String(report)).toContain('  store 9999: it has a row and belongs to no job\n  and 47 more')
})

test('a folder that is none is refused, and not created', async ({ onTestFinished }) => {
  const folder = ownFolder(onTestFinished)
  await expect(doctor(folder)).rejects.toThrow(StorageRefused)
  await expect(doctor(folder)).rejects.toThrow(/is no Weir; expected one that Weir has created/)
  expect(() => doctor(folder, { findingsMax: -1 })).toThrow(InvalidOption)
  expect(() => doctor(folder, { findings: 1 } as never)).toThrow(/there is no option 'findings'/)
})

test('it looks at one moment, tells how far it is, and lets others go on', async ({ onTestFinished }) => {
  const folder = changed(() => undefined)
  const storage = await openAt(folder, onTestFinished)
  const steps: number[] = []
  let commits = 0
  const report = await doctor(folder, {
    onProgress: ({ bytes }) => {
      steps.push(bytes)
      const value = text(String(commits))
      storage
        .commit({
          expect: [],
          append: [],
          positions: [],
          rows: [{ key: rowKey(9_999, 0, noKey), value }],
          trim: [],
          replace: [],
        })
        .thenAccept(() => commits++)
    },
  })
  expect(String(report)).not.toContain('wrong')
  expect(steps.length).toBeGreaterThan(0)
  expect((await doctor(folder)).isHealthy).toBe(commits === 0)
})
