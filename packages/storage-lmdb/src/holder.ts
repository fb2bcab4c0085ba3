import { closeSync, constants, openSync, readFileSync, readSync, writeSync } from 'node:fs'
import { join } from 'node:path'

// A file with the pid of the process that took the gate last. While the gate is taken, that is who holds it. (The lock file
// of lmdb knows too, but reading it would drop this process's own locks.)

/** The file that names the holder. */
export const holderFileName = 'holder'

/** Writes this process into the folder's file whenever it has taken the gate. */
export class Holder {
  readonly #file: number
  readonly #own = new Uint8Array(4)
  readonly #read = new Uint8Array(4)

  constructor(folder: string) {
    this.#file = openSync(join(folder, holderFileName), constants.O_RDWR | constants.O_CREAT, 0o600)
    new DataView(this.#own.buffer).setUint32(0, process.pid, true)
  }

  /** To be called while the gate is held. Costs a microsecond; a process that holds it again and again writes once. */
  record(): void {
    try {
      readSync(this.#file, this.#read, 0, 4, 0)
      if (this.#own.every((byte, index) => byte === this.#read[index])) return
      writeSync(this.#file, this.#own, 0, 4, 0)
    } catch {
      // a full disk: then a stall names nobody, which is no reason not to commit
    }
  }

  close(): void {
    closeSync(this.#file)
  }
}

/** Who holds the gate and what it is doing, in words. */
export const describeHolder = (folder: string): string => {
  const pid = readHolder(folder)
  if (pid === undefined) return 'it is not known who holds it'
  if (pid === process.pid) return `this process (${pid}) holds it, in another thread or storage`
  const state = stateOf(pid)
  if (state === 'T' || state === 't') return `process ${pid} holds it and is stopped; let it go on (SIGCONT) or end it`
  if (state === 'D') return `process ${pid} holds it and waits for the disk`
  return `process ${pid} holds it`
}

const readHolder = (folder: string): number | undefined => {
  try {
    const bytes = readFileSync(join(folder, holderFileName))
    return bytes.length === 4 ? bytes.readUInt32LE(0) : undefined
  } catch {
    return undefined
  }
}

/** The kernel's letter for a process's state; undefined when there is none, or no /proc to ask. */
const stateOf = (pid: number): string | undefined => {
  try {
    // the state follows the name of the program, which stands in parentheses and may hold anything
    const status = readFileSync(`/proc/${pid}/stat`, 'latin1')
    return status[status.lastIndexOf(')') + 2]
  } catch {
    return undefined
  }
}
