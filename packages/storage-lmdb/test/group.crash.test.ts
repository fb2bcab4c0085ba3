import { rmSync, writeFileSync } from 'node:fs'
import { setTimeout as sleep } from 'node:timers/promises'
import { entry, StorageStalled, topic, utf8, Weir } from '@weir/core'
import { afterAll, describe, expect, test, vi } from 'vitest'
import { lmdb } from '../src/index.ts'
import { type Child, runFixture } from './child.ts'
import { expectHealthy } from './support/expectHealthy.ts'
import { temporaryFolder } from './temporaryFolder.ts'

vi.setConfig({ testTimeout: 180_000 })

const leaseMs = 3_000
const lines = topic('lines', { key: utf8, value: utf8, partitions: 4 })
const copies = topic('copies', { key: utf8, value: utf8, partitions: 4 })

const folders: Array<ReturnType<typeof temporaryFolder>> = []
afterAll(async () => {
  for (const { path } of folders) await expectHealthy(path)
  for (const { remove } of folders) remove()
})
const newFolder = (): string => {
  const folder = temporaryFolder()
  folders.push(folder)
  return folder.path
}

/** Waits until a member owns so many partitions; gives the time of the machine at which it did. */
const owns = async (member: Child, count: number, from = 0): Promise<number> =>
  Number(await member.line(`assigned ${count}`, from))

const pairOf = async (folder: string): Promise<readonly [Child, Child]> => {
  const first = runFixture('member', [folder, leaseMs])
  await owns(first, 4)
  const second = runFixture('member', [folder, leaseMs])
  await owns(second, 2)
  await owns(first, 2)
  return [first, second]
}

const contentOf = async (weir: Weir): Promise<ReadonlyArray<string>> => {
  const values: string[] = []
  for await (const record of weir.topic(copies).from('earliest').toEnd()) {
    if (record._tag === 'Record') values.push(record.value)
  }
  return values.sort()
}

const eventually = async (holds: () => Promise<boolean>): Promise<void> => {
  const deadline = performance.now() + 40_000
  while (!(await holds())) {
    if (performance.now() > deadline) throw new Error('it does not come true within 40 s')
    await sleep(20)
  }
}

/** Stopped within a commit it would hold the lock of all processes, and nobody could take over: that is another test. */
const stopBetweenCommits = async (member: Child, folder: string): Promise<number> => {
  for (;;) {
    const stoppedAt = Date.now()
    member.kill('SIGSTOP')
    try {
      const probe = await lmdb(folder, { stallAfterMs: 2_000 }).open()
      await probe.close()
      return stoppedAt
    } catch (error) {
      if (!(error instanceof StorageStalled)) throw error
      member.kill('SIGCONT')
    }
  }
}

describe.concurrent('a member process', () => {
  test('killed with SIGKILL loses its partitions to the others long before its lease is over', async () => {
    const [first, second] = await pairOf(newFolder())
    const from = first.lines.length
    const killedAt = Date.now()
    second.kill('SIGKILL')
    const tookMs = (await owns(first, 4, from)) - killedAt
    console.log(`partitions of a killed member were taken over after ${tookMs} ms`)
    expect(tookMs).toBeLessThan(leaseMs + 1_000)
    first.say('stop')
    expect(await first.exited).toEqual({ code: 0, signal: null })
  })

  test('that leaves in order hands its partitions over at once', async () => {
    const [first, second] = await pairOf(newFolder())
    const from = first.lines.length
    second.say('stop')
    const takenAt = await owns(first, 4, from)
    const tookMs = takenAt - Number(await second.line('leaving'))
    console.log(`partitions of a member that left were taken over after ${tookMs} ms`)
    // it takes a few ms, and more on a busy machine; a member that just ends is missed only after a part of its lease
    expect(tookMs).toBeLessThan(leaseMs / 4)
    await second.line('left')
    first.say('stop')
    await first.exited
  })

  test('stopped with SIGSTOP is replaced within its lease and a second, commits nothing when it wakes, and joins again', async () => {
    const folder = newFolder()
    const [first, second] = await pairOf(folder)
    const weir = await Weir.open(lmdb(folder))
    const sent: string[] = []
    const send = async (): Promise<void> => {
      for (let partition = 0; partition < 4; partition++) {
        const value = `${partition}-${sent.length}`
        sent.push(value)
        await weir.append(entry(lines, 'k', value, { partition }))
      }
    }
    await send()
    await eventually(async () => (await contentOf(weir)).length === sent.length)
    const from = [first.lines.length, second.lines.length] as const
    const stoppedAt = await stopBetweenCommits(second, folder)
    await send()
    const tookMs = (await owns(first, 4, from[0])) - stoppedAt
    console.log(`partitions of a stopped member were taken over after ${tookMs} ms`)
    expect(tookMs).toBeGreaterThan(leaseMs - leaseMs / 4)
    expect(tookMs).toBeLessThan(leaseMs + 1_000)
    await eventually(async () => (await contentOf(weir)).length === sent.length)
    const beforeWaking = [first.lines.length, second.lines.length] as const
    second.kill('SIGCONT')
    await owns(first, 2, beforeWaking[0])
    await owns(second, 2, from[1])
    await send()
    await eventually(async () => (await contentOf(weir)).length >= sent.length)
    expect(await contentOf(weir)).toEqual(sent.toSorted())
    for (const member of [first, second]) {
      member.say('stop')
      await member.line('left')
    }
    await weir.close()
  })

  test('goes on from where another process has sought, and never commits from where it was', async () => {
    const folder = newFolder()
    const [first, second] = await pairOf(folder)
    const weir = await Weir.open(lmdb(folder))
    const all = [0, 1, 2, 3].flatMap((partition) => ['a', 'b', 'c'].map((line) => `${partition}-${line}`))
    await weir.append(...all.map((line) => entry(lines, 'k', line, { partition: Number(line[0]) })))
    await eventually(async () => (await contentOf(weir)).length === all.length)
    await weir.group('copy').seek(lines, { offset: 1 }, 2)
    await eventually(async () => (await contentOf(weir)).length === all.length + 2)
    await weir.group('copy').seek(lines, 'earliest')
    await eventually(async () => (await contentOf(weir)).length === 2 * all.length + 2)
    expect(await contentOf(weir)).toEqual([...all, '2-b', '2-c', ...all].toSorted())
    expect((await weir.group('copy').lag()).map(({ lag }) => lag)).toEqual([0, 0, 0, 0])
    for (const member of [first, second]) {
      member.say('stop')
      await member.line('left')
    }
    await weir.close()
  })

  test('stopped with SIGSTOP within a handler leaves nothing of what that sends when it goes on', async ({
    onTestFinished,
  }) => {
    const folder = newFolder()
    const members = ['first', 'second'].map((name) => runFixture('stoodStill', [folder, name, leaseMs]))
    const [first, second] = members as [Child, Child]
    await owns(first, 2)
    await owns(second, 2)
    const weir = await Weir.open(lmdb(folder))
    const send = (line: string) =>
      weir.append(...[0, 1, 2, 3].map((partition) => entry(lines, 'k', `${line} ${partition}`, { partition })))
    await send('a')
    const begun = await second.line('begun')
    const from = [first.lines.length, second.lines.length] as const
    await stopBetweenCommits(second, folder)
    await owns(first, 4, from[0])
    const byFirst = [0, 1, 2, 3].map((partition) => `a ${partition} by first`)
    await eventually(async () => (await contentOf(weir)).length === byFirst.length)
    writeFileSync(`${folder}-go`, '')
    onTestFinished(() => rmSync(`${folder}-go`))
    second.kill('SIGCONT')
    // it sends, and commits before it can know that it has lost the partition
    await second.line(`sent ${begun}`, from[1])
    await owns(second, 2, from[1])
    await send('b')
    await eventually(async () => (await contentOf(weir)).length >= 2 * byFirst.length)
    const content = await contentOf(weir)
    expect(content.slice(0, 4)).toEqual(byFirst)
    expect(content.slice(4).map((line) => line.slice(0, 'b 0'.length))).toEqual(['b 0', 'b 1', 'b 2', 'b 3'])
    expect(content.filter((line) => line.endsWith('by second'))).toHaveLength(2)
    for (const member of members) {
      member.say('stop')
      await member.exited
    }
    await weir.close()
  })
})
