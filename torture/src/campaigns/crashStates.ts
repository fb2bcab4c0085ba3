import { cpSync, existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { commitOf, entry, type Random, type Storage, Weir } from '@weir/core'
import { epochOf, epochRow, epochValue } from '@weir/core/storage'
import { doctor, lmdb } from '@weir/storage-lmdb'
import { addScores, type Campaign, noScore, type Score } from '../Campaign.ts'
import { newShim, removeFolder, whyNoShim } from '../machine.ts'
import { onStage, Stage } from '../Stage.ts'
import { lines } from '../topics.ts'

/** Of so many unsynced writes all subsets are tried, of more so many by chance. */
const pageBytes = 4_096
const subsetsMax = { short: 12, full: 256 }

/**
 * What a crash can leave of one commit: every prefix of its writes, and every subset of those that were not synced yet. From each
 * the folder must open as it was before the commit, or as it is after it.
 */
export const crashStateCampaign: Campaign = {
  name: 'crash states',
  of: 'states',
  runsForRelease: 5_000,
  whyNot: whyNoShim,
  run: (scene) =>
    onStage(new Stage(scene), async (stage) => {
      await prepare(stage.folder)
      const file = join(stage.base, 'writes')
      const size = 1 + (scene.seed % 5)
      const committer = stage.puppet('committer', [stage.folder, size], { env: newShim(stage.base, file).env })
      await committer.said('open')
      const base = join(stage.base, 'before')
      cpSync(stage.folder, base, { recursive: true })
      const opened = existsSync(file) ? readFileSync(file).length : 0
      committer.say('go')
      await committer.said('committed')
      await committer.end()
      const before = await contentOf(base)
      const after = await contentOf(stage.folder)
      const states = statesOf(writesIn(readFileSync(file).subarray(opened)), subsetsMax[scene.scale], stage.random)
      let score = noScore
      for (const [index, writes] of states.entries()) {
        const copy = join(stage.base, `state-${index}`)
        score = addScores(score, await judgeState(base, copy, writes, [before, after]))
        removeFolder(copy)
      }
      if (before.text === after.text || states.length < 3) stage.notice('the commit has left nothing to try')
      return stage.scored(states.length, score)
    }),
}

interface Write {
  readonly kind: 'write' | 'sync'
  readonly offset: number
  readonly bytes: Uint8Array
}

const writesIn = (log: Buffer): ReadonlyArray<Write> => {
  const writes: Write[] = []
  for (let at = 0; at < log.length;) {
    const [kind, offset, length] = [0, 8, 16].map((field) => Number(log.readBigInt64LE(at + field)))
    at += 24
    writes.push({ kind: kind === 1 ? 'write' : 'sync', offset: offset!, bytes: log.subarray(at, at + length!) })
    at += length!
  }
  return writes
}

/** The sets of writes that may have reached the disk at a crash: all that was synced, and any of what came after. */
const statesOf = (writes: ReadonlyArray<Write>, most: number, random: Random): ReadonlyArray<ReadonlyArray<Write>> => {
  const states: Array<ReadonlyArray<Write>> = []
  let durable: Write[] = []
  let unsynced: Write[] = []
  const addSubsets = (): void => {
    for (let length = 0; length <= unsynced.length; length++) states.push([...durable, ...unsynced.slice(0, length)])
    const all = 2 ** unsynced.length
    for (let count = 0; count < Math.min(all, most); count++) {
      const chosen = all <= most ? count : Math.floor(random.next() * all)
      states.push([...durable, ...unsynced.filter((_, index) => (Math.floor(chosen / 2 ** index) & 1) === 1)])
    }
  }
  for (const write of writes) {
    if (write.kind === 'write') unsynced.push(...pagesOf(write))
    else {
      addSubsets()
      durable = [...durable, ...unsynced]
      unsynced = []
    }
  }
  addSubsets()
  return states
}

/** Of one call too any part may have reached the disk: by pages, which is what a disk writes at once. */
const pagesOf = ({ kind, offset, bytes }: Write): ReadonlyArray<Write> =>
  Array.from({ length: Math.ceil(bytes.length / pageBytes) }, (_, page) => ({
    kind,
    offset: offset + page * pageBytes,
    bytes: bytes.subarray(page * pageBytes, (page + 1) * pageBytes),
  }))

const judgeState = async (
  base: string,
  copy: string,
  writes: ReadonlyArray<Write>,
  [before, after]: readonly [Content, Content],
): Promise<Score> => {
  cpSync(base, copy, { recursive: true })
  const data = join(copy, 'data.mdb')
  const end = Math.max(...writes.map(({ offset, bytes }) => offset + bytes.length), 0)
  const disk = readFileSync(data)
  const image = Buffer.concat([disk, Buffer.alloc(Math.max(0, end - disk.length))])
  for (const { offset, bytes } of writes) image.set(bytes, offset)
  writeFileSync(data, image)
  try {
    const { text, records } = await contentOf(copy)
    const report = await doctor(copy)
    if ((text === before.text || text === after.text) && report.isHealthy) return { ...noScore, records }
    return {
      ...noScore,
      records,
      torn: 1,
      findings: [`after ${writes.length} writes: neither before nor after; ${String(report)}`],
    }
  } catch (error) {
    return { ...noScore, torn: 1, findings: [`after ${writes.length} writes: ${String(error)}`] }
  }
}

const row = epochRow('torture')

/** A folder with something in it already. */
const prepare = async (folder: string): Promise<void> => {
  mkdirSync(folder, { recursive: true, mode: 0o700 })
  const weir = await Weir.open(lmdb(folder))
  for (const partition of [0, 1, 0, 1]) await weir.append(entry(lines, 'old', 'o'.repeat(500), { partition }))
  const rows = [{ key: row, value: epochValue(1) }]
  await weir.storage.commit(commitOf({ rows, positions: [{ group: 'reader', partition: 0, from: 0, next: 2 }] }))
  await weir.close()
}

/** All that the commit can change. */
interface Content {
  readonly text: string
  readonly records: number
}

const contentOf = async (folder: string): Promise<Content> => {
  const storage = await lmdb(folder).open()
  try {
    const partitions = await Promise.all([0, 1].map((partition) => keysOf(storage, partition)))
    const text = JSON.stringify([partitions, epochOf(storage.rows.get(row)), storage.position('reader', 0)])
    return { text, records: partitions.flat().length }
  } finally {
    await storage.close()
  }
}

const keysOf = async (storage: Storage, partition: number): Promise<ReadonlyArray<string | null>> => {
  const { batches } = await storage.read(partition, 0, { recordsMax: 1_000, bytesMax: 1 << 24 })
  return batches.flatMap((batch) => Array.from({ length: batch.count }, (_, index) => batch.keyText(index)))
}
