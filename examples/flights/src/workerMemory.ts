import { readFile } from 'node:fs/promises'

/** Resident memory in bytes: pages of the process's own, and pages of files, such as the storage's, which the system may drop. */
export interface Resident {
  readonly anonymousBytes: number
  readonly fileBytes: number
}

/** The memory of a process, on Linux; `undefined` elsewhere and when it is gone. */
export const residentOf = async (pid: number): Promise<Resident | undefined> => {
  try {
    const status = await readFile(`/proc/${pid}/status`, 'utf8')
    const bytes = (name: string): number =>
      Number(new RegExp(`^${name}:\\s+(\\d+) kB`, 'm').exec(status)?.[1] ?? 0) * 1024
    return { anonymousBytes: bytes('RssAnon'), fileBytes: bytes('RssFile') + bytes('RssShmem') }
  } catch {
    return undefined
  }
}

/** The larger of each kind. */
export const maxResident = (a: Resident | undefined, b: Resident | undefined): Resident | undefined =>
  a === undefined || b === undefined
    ? (a ?? b)
    : {
        anonymousBytes: Math.max(a.anonymousBytes, b.anonymousBytes),
        fileBytes: Math.max(a.fileBytes, b.fileBytes),
      }
