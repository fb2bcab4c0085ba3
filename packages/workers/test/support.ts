import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Received, TopicStream } from '@weir/core'
import { onTestFinished } from 'vitest'

/** The URL of a file beside this one. */
export const fixture = (name: string): string => new URL(`./fixtures/${name}`, import.meta.url).href

/** A folder that is gone after the test. */
export const temporaryFolder = (): string => {
  const folder = mkdtempSync(join(tmpdir(), 'weir-workers-'))
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }))
  return folder
}

/** All that is in a topic now, as text, in the order of the text. */
export const contentOf = async <K, V>(stream: TopicStream<K, V>): Promise<ReadonlyArray<string>> => {
  const content: string[] = []
  for await (const record of stream.from('earliest').toEnd()) content.push(textOf(record))
  return content.sort()
}

const textOf = <K, V>(record: Received<K, V>): string =>
  record._tag === 'Record'
    ? JSON.stringify([record.key, record.value, record.timestamp])
    : `bad: ${record.failure.reason}`

/** Looks every 10 ms until it holds; fails after `withinMs`, saying what there is instead. */
export const eventually = async (holds: () => boolean, state: () => unknown, withinMs = 60_000): Promise<void> => {
  const deadline = performance.now() + withinMs
  while (!holds()) {
    if (performance.now() > deadline) throw new Error(`not within ${withinMs} ms: ${JSON.stringify(state())}`)
    await new Promise((resolve) => setTimeout(resolve, 10))
  }
}
