import { accessSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, expect, test } from 'vitest'
import { lmdb } from '../src/index.ts'
import { type Child, runFixture } from './child.ts'
import { readNumbers } from './readNumbers.ts'
import { expectSound } from './support/expectHealthy.ts'

// Without the gate an open beside a commit destroys it (see decision 0006). In memory there are more commits a second than
// on a disk, so that more of them meet an open.

const openers = 3
const opensEach = 100
const stormsWithinMs = 120_000

const memoryFolder = (): string => {
  try {
    accessSync('/dev/shm')
    return '/dev/shm'
  } catch {
    return tmpdir()
  }
}

const folders: string[] = []
const newFolder = (): string => {
  const folder = mkdtempSync(join(memoryFolder(), 'weir-storm-'))
  folders.push(folder)
  return folder
}
afterEach(() => folders.splice(0).forEach((folder) => rmSync(folder, { recursive: true, force: true })))

/** Several processes open the folder again and again; gives what was wrong with them. */
const storm = async (fixture: string, folder: string): Promise<ReadonlyArray<string>> => {
  const children = Array.from({ length: openers }, () => runFixture(fixture, [folder, opensEach]))
  const exits = await Promise.all(children.map((child) => child.exited))
  return exits.flatMap(({ code, signal }, index) =>
    code === 0 ? [] : [`an opener ended with ${signal ?? `code ${code}`}: ${children[index]!.errors.join('')}`],
  )
}

test(
  '300 opens by other processes while one appends lose nothing that was acknowledged, and crash nothing',
  async () => {
    const folder = newFolder()
    const writer = runFixture('appender', [folder, 0, 4])
    await writer.line('open')
    const ackedNumbers = (): number[] =>
      writer.lines.filter((line) => line.startsWith('acked')).map((line) => Number(line.slice(6)))
    // on a busy machine the opens may be over before the writer has done much beside them
    do expect(await storm('opener', folder)).toEqual([])
    while (ackedNumbers().length <= 100)
    writer.say('stop')
    expect(await writer.exited, writer.errors.join('')).toEqual({ code: 0, signal: null })

    const storage = await lmdb(folder).open()
    expect(readNumbers(storage, 0)).toEqual(Array.from({ length: storage.bounds(0).end }, (_, number) => number))
    expect(storage.bounds(0).end).toBe(Math.max(...ackedNumbers()) + 1)
    await storage.close()
    await expectSound(folder)
  },
  stormsWithinMs * 1.5,
)

test(
  'the same with the default options of lmdb and no gate loses commits or crashes: the test above can fail',
  async () => {
    const failures: string[] = []
    // a matter of chance, so it goes on until it is seen
    for (const deadline = performance.now() + stormsWithinMs; failures.length === 0 && performance.now() < deadline;) {
      const folder = newFolder()
      const writer = runFixture('bareAppender', [folder])
      await writer.line('open')
      failures.push(...(await storm('bareOpener', folder)))
      writer.say('stop')
      failures.push(...(await failureOf(writer, folder)))
    }
    console.log(`lmdb without the gate: ${failures.join(', ')}`)
    expect(failures).not.toEqual([])
  },
  stormsWithinMs * 1.5,
)

const failureOf = async (writer: Child, folder: string): Promise<ReadonlyArray<string>> => {
  const { code, signal } = await writer.exited
  if (code !== 0) return [`the writer ended with ${signal ?? `code ${code}`}`]
  const counter = runFixture('bareCount', [folder, await writer.line('acked')])
  const missing = Number(await counter.line('missing').catch(() => Number.NaN))
  if (Number.isNaN(missing)) return ['the folder could not be read']
  return missing === 0 ? [] : [`${missing} acknowledged puts are missing`]
}
