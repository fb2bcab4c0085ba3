import type { Findings } from '@weir/core/doctor'
import { compareBytes } from '@weir/core/storage'
import type { FolderSnapshot, Stored } from '../FolderSnapshot.ts'
import { Block, changesOf } from '../runs/Block.ts'
import { hashOf } from '../runs/BloomFilter.ts'
import { decodeRunList, type RunList } from '../runs/RunList.ts'
import { requireSealed, runListKey, runOfKey } from '../runs/runLayout.ts'
import { SortedRun } from '../runs/SortedRun.ts'

/** Whether all that the list of sorted runs names is there, and nothing else: without that rows cannot be read, and nothing else is looked at. */
export const areRunsWhole = (snapshot: FolderSnapshot, findings: Findings): boolean => {
  findings.begin('runs', 'sorted runs')
  const list = listIn(snapshot)
  if (list === undefined) {
    findings.wrong('runs', 'the list of runs', damaged)
    return false
  }
  const check = new RunCheck(list, findings)
  for (const page of snapshot.runs()) for (const stored of page) check.see(stored)
  check.end()
  return check.isWhole
}

class RunCheck {
  isWhole = true
  readonly #findings: Findings
  /** Those of which nothing was seen yet. */
  readonly #unseen: Set<number>
  #open: { readonly run: SortedRun; blocks: number; rows: number; last: Uint8Array } | undefined

  constructor(list: RunList, findings: Findings) {
    this.#findings = findings
    this.#unseen = new Set([...list.runs.map(({ number }) => number), ...list.merged])
    if (Math.max(0, ...this.#unseen) >= list.next) this.#wrong('the list of runs', 'it gives numbers again')
  }

  see({ key, value }: Stored): void {
    if (compareBytes(key, runListKey) === 0) return
    const place = runOfKey(key)
    if (place === undefined) return this.#wrong('a key of the runs', 'it is none that Weir writes')
    const isRead = ifWhole(() => {
      if (place.block === undefined) this.#begin(place.run, value)
      else this.#seeBlock(place.run, place.block, value)
      return true
    })
    if (isRead === undefined) this.#wrong(`run ${place.run}`, damaged)
  }

  end(): void {
    this.#close()
    for (const number of this.#unseen) this.#wrong(`run ${number}`, 'it is missing')
  }

  #begin(number: number, index: Uint8Array): void {
    this.#close()
    if (!this.#unseen.delete(number)) return this.#wrong(`run ${number}`, 'the list of runs does not have it')
    this.#findings.looked('runs')
    const run = new SortedRun(number, index)
    this.#open = { run, blocks: 0, rows: 0, last: run.first }
  }

  #seeBlock(number: number, block: number, value: Uint8Array): void {
    const open = this.#open
    if (open?.run.number !== number || open.blocks !== block) return this.#wrong(`run ${number}`, 'a part is missing')
    open.blocks++
    for (const { key } of changesOf(new Block(requireSealed(value)))) {
      const order = compareBytes(open.last, key)
      if (open.rows > 0 ? order >= 0 : order !== 0) this.#wrong(`run ${number}`, 'its rows are not in order')
      if (open.run.blockOf(key) !== block || !open.run.mayHold(key, hashOf(key)))
        this.#wrong(`run ${number}`, 'a row is not where its index says')
      open.last = key
      open.rows++
    }
  }

  #close(): void {
    const open = this.#open
    this.#open = undefined
    if (open === undefined) return
    const { run, rows, last } = open
    if (open.blocks !== run.blocks || rows !== run.rows)
      this.#wrong(`run ${run.number}`, `it has ${rows} rows; its index says ${run.rows}`)
    else if (compareBytes(last, run.last) !== 0)
      this.#wrong(`run ${run.number}`, 'it does not end where its index says')
  }

  #wrong(where: string, what: string): void {
    this.isWhole = false
    this.#findings.wrong('runs', where, what)
  }
}

const listIn = (snapshot: FolderSnapshot): RunList | undefined => ifWhole(() => decodeRunList(snapshot.get(runListKey)))

/** What was cut or changed names places that are not there. */
const ifWhole = <A>(read: () => A): A | undefined => {
  try {
    return read()
  } catch (error) {
    if (error instanceof RangeError) return undefined
    throw error
  }
}

const damaged = 'it is damaged'
