import { type FileHandle, mkdir, open, readdir, rename, rm, unlink } from 'node:fs/promises'
import { join } from 'node:path'
import { SinkFenced, SinkMismatch, type SinkPlace } from '@weir/core'

/** What a part covers. */
export interface Covered {
  readonly from: number
  readonly to: number
  readonly extension: string
}

/**
 * What a folder knows of one partition: a folder in `.weir` that its owner has for itself, since taking it over gives it
 * another name, and each step of the owner before fails on the old one.
 *
 * ```text
 *   .weir/<job>~<topic>~<partition>~<term>/
 *     log~<log>            of which log the offsets are
 *     open                 the part that is being written
 *     <from>~<to>.jsonl    a part that counts: it is synced and not renamed to its place yet
 *     at~<to>              the position, once the part before it has found its place
 *
 *   open --rename--> <from>~<to>.jsonl --create--> at~<to> --rename--> the part in its place
 *                   (from here on it counts)
 * ```
 *
 * The first step is the one that decides: before it nothing has happened, after it the rest is done by whoever comes next.
 */
export class Ledger {
  readonly #folder: string
  readonly #prefix: string
  #term: number
  #position: number | undefined

  private constructor(folder: string, prefix: string, term: number) {
    this.#folder = folder
    this.#prefix = prefix
    this.#term = term
  }

  /** @throws SinkMismatch */
  static async takeOver(folder: string, { job, topic, partition, log }: SinkPlace): Promise<Ledger> {
    await mkdir(join(folder, '.weir'), { recursive: true })
    // names hold no '~'
    const prefix = `${job}~${topic}~${partition}~`
    const ledger = new Ledger(folder, prefix, await claimed(folder, prefix, log))
    await ledger.#begin(log)
    return ledger
  }

  /** The next offset that the outside needs. */
  get position(): number | undefined {
    return this.#position
  }

  get #own(): string {
    return ownFolder(this.#folder, this.#prefix, this.#term)
  }

  /** A new file for the part that is to be written. */
  create(): Promise<FileHandle> {
    return fenced(() => open(join(this.#own, 'open'), 'wx'))
  }

  /** Lets the part out that was written and synced. */
  async seal({ from, to, extension }: Covered): Promise<void> {
    const name = `${padded(from)}~${padded(to)}.${extension}`
    await fenced(async () => {
      await rename(join(this.#own, 'open'), join(this.#own, name))
      await syncFolder(this.#own)
      await this.#letOut(name, to)
    })
  }

  /** What the owner before has left is ended or given up. */
  async #begin(log: string): Promise<void> {
    await fenced(async () => {
      if ((await requireLog(this.#own, log)) === undefined) await createFile(join(this.#own, `log~${log}`))
      const names = await readdir(this.#own)
      if (names.includes('open')) await rm(join(this.#own, 'open'))
      const positions = names.filter((name) => name.startsWith('at~')).map((name) => Number(name.slice('at~'.length)))
      if (positions.length > 0) this.#position = Math.max(...positions)
      for (const old of positions) if (old !== this.#position) await unlink(join(this.#own, `at~${old}`))
      const counting = names.find((name) => /^\d+~\d+\./.test(name))
      if (counting !== undefined) await this.#letOut(counting, Number(/~(\d+)\./.exec(counting)![1]))
      await syncFolder(this.#own)
    })
  }

  async #letOut(name: string, to: number): Promise<void> {
    await createFile(join(this.#own, `at~${to}`))
    await syncFolder(this.#own)
    await rename(join(this.#own, name), join(this.#folder, this.#prefix + name))
    await syncFolder(this.#folder)
    if (this.#position !== undefined && this.#position !== to) await unlink(join(this.#own, `at~${this.#position}`))
    this.#position = to
  }
}

/** The term of the folder that is now one's own. */
const claimed = async (folder: string, prefix: string, log: string): Promise<number> => {
  for (;;) {
    const last = (await termsIn(folder, prefix)).at(-1)
    const next = (last ?? 0) + 1
    try {
      if (last === undefined) await mkdir(ownFolder(folder, prefix, next))
      else {
        // who is refused must not fence the owner
        await requireLog(ownFolder(folder, prefix, last), log)
        await rename(ownFolder(folder, prefix, last), ownFolder(folder, prefix, next))
      }
    } catch (error) {
      // another one was faster
      if (isCode(error, 'ENOENT', 'EEXIST', 'ENOTEMPTY')) continue
      throw error
    }
    await syncFolder(join(folder, '.weir'))
    // one that was made by somebody who had looked before the first was there is not the partition's
    const others = (await termsIn(folder, prefix)).filter((term) => term !== next)
    const isOwner = others.every((term) => term < next)
    for (const term of isOwner ? others : [next]) await rm(ownFolder(folder, prefix, term), anyway)
    if (isOwner) return next
  }
}

const anyway = { recursive: true, force: true } as const

/** @throws SinkMismatch when the folder is one of another log; which one, unless it does not say */
const requireLog = async (own: string, log: string): Promise<string | undefined> => {
  const known = (await readdir(own)).find((name) => name.startsWith('log~'))?.slice('log~'.length)
  if (known === undefined || known === log) return known
  throw new SinkMismatch(
    `'${own}' is that of another storage; expected the one that it was filled from, another folder, or another name for the job`,
  )
}

const termsIn = async (folder: string, prefix: string): Promise<ReadonlyArray<number>> =>
  (await readdir(join(folder, '.weir')))
    .filter((name) => name.startsWith(prefix))
    .map((name) => Number(name.slice(prefix.length)))
    .sort((a, b) => a - b)

const ownFolder = (folder: string, prefix: string, term: number): string => join(folder, '.weir', `${prefix}${term}`)

/** A step on what is one's own: when it is gone, somebody has taken it over. */
const fenced = async <A>(step: () => Promise<A>): Promise<A> => {
  try {
    return await step()
  } catch (cause) {
    if (isCode(cause, 'ENOENT'))
      throw new SinkFenced('another writer has taken the folder of the partition over', { cause })
    throw cause
  }
}

const isCode = (error: unknown, ...codes: ReadonlyArray<string>): boolean =>
  codes.includes((error as { readonly code?: string }).code ?? '')

const createFile = async (path: string): Promise<void> => {
  await (await open(path, 'w')).close()
}

/** A name is durable once its folder is synced. */
const syncFolder = async (path: string): Promise<void> => {
  const handle = await open(path, 'r')
  try {
    await handle.sync()
  } finally {
    await handle.close()
  }
}

/** So that names are in the order of the offsets. */
const padded = (offset: number): string => String(offset).padStart(16, '0')
