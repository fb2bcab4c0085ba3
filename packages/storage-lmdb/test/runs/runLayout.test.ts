import { packRows } from '@weir/core/storage'
import { expect, test } from 'vitest'
import { buildRun } from '../../src/runs/buildRun.ts'
import { placesOf } from '../../src/runs/packedChange.ts'
import { Block, changesOf, valueIn } from '../../src/runs/Block.ts'
import { runBlockKey, runIndexKey, runListKey, runOfKey } from '../../src/runs/runLayout.ts'

const text = (words: string): Uint8Array => new TextEncoder().encode(words)
const stored = (words: string): Uint8Array => text(`\b${words}`)

const blockOf = (rows: ReadonlyArray<readonly [key: string, value: string | null]>): Uint8Array => {
  const { bytes, length } = packRows(
    rows.map(([key, value]) => ({ key: text(key), value: value === null ? null : text(value) })),
  )
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length)
  return buildRun(bytes, placesOf(bytes, view, length)).blocks[0]!
}

test('a block tells a row from one whose key goes on, and a removed one from one that it does not have', () => {
  const block = blockOf([
    ['ab', 'long'],
    ['b', ''],
    ['c', null],
  ])
  expect(valueIn(block, stored('a'))).toBeUndefined()
  expect(valueIn(block, stored('ab'))).toEqual(text('long'))
  expect(valueIn(block, stored('b'))).toEqual(new Uint8Array(0))
  expect(valueIn(block, stored('c'))).toBeNull()
  expect(changesOf(new Block(block)).map(({ key, value }) => [key, value])).toEqual([
    [stored('ab'), text('long')],
    [stored('b'), new Uint8Array(0)],
    [stored('c'), null],
  ])
})

test('the keys of runs lie in the order of runs and blocks, behind their list, and are told apart', () => {
  const keys = [runListKey, runIndexKey(1), runBlockKey(1, 0), runBlockKey(1, 300), runIndexKey(2 ** 40)]
  expect(keys.toSorted((a, b) => Buffer.compare(a, b))).toEqual(keys)
  expect(keys.map((key) => runOfKey(key))).toEqual([
    undefined,
    { run: 1, block: undefined },
    { run: 1, block: 0 },
    { run: 1, block: 300 },
    { run: 2 ** 40, block: undefined },
  ])
})
