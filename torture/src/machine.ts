import { execFileSync } from 'node:child_process'
import { existsSync, mkdirSync, mkdtempSync, rmSync, statfsSync, truncateSync, writeFileSync } from 'node:fs'
import { cpus, tmpdir, totalmem } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'

// What the rig takes of the machine: mounts, a compiler, tracing. Each question is answered by trying.

const run = (program: string, ...args: ReadonlyArray<string>): string =>
  execFileSync(program, args, { encoding: 'utf8', stdio: ['ignore', 'pipe', 'pipe'] })

/** Runs; gives why it could not, in one line. */
const reasonOf = (action: () => unknown): string | undefined => {
  try {
    action()
    return undefined
  } catch (error) {
    return (error instanceof Error ? error.message : String(error)).trim().split('\n').at(-1)
  }
}

/** Asked once: a machine does not change. */
const known = (ask: () => string | undefined): (() => string | undefined) => {
  let answer: { readonly reason: string | undefined } | undefined
  return () => (answer ??= { reason: ask() }).reason
}

/** A new folder; in memory when asked and there is room. */
export const newFolder = (inMemory = false): string =>
  mkdtempSync(join(inMemory && existsSync('/dev/shm') ? '/dev/shm' : tmpdir(), 'weir-torture-'))

/** Removes a folder with all in it. */
export const removeFolder = (folder: string): void => rmSync(folder, { recursive: true, force: true })

/** A disk of its own, which can be full, or lose its power. */
export interface Disk {
  readonly folder: string
  /** All that was not synced is gone, as at a power cut; nothing can be written any more. */
  cutPower(): void
  /** Mounted anew, with what its journal has. */
  powerOn(): void
  remove(): void
}

const mount = (image: string, folder: string): void => void run('mount', '-o', 'loop', image, folder)

/** An ext4 in a file, mounted in `folder`. */
export const loopDisk = (megabytes: number): Disk => {
  const base = newFolder()
  const [image, folder] = [join(base, 'image'), join(base, 'disk')]
  mkdirSync(folder)
  writeFileSync(image, '')
  truncateSync(image, megabytes * 2 ** 20)
  run('mkfs.ext4', '-q', '-F', image)
  mount(image, folder)
  return {
    folder,
    // what `xfs_io -x -c shutdown` does: EXT4_IOC_SHUTDOWN, without flushing the journal
    cutPower: () => void run('perl', '-e', shutDown, folder),
    powerOn: () => {
      run('umount', folder)
      mount(image, folder)
    },
    remove: () => {
      reasonOf(() => run('umount', '--lazy', folder))
      removeFolder(base)
    },
  }
}

const shutDown = `open(my $disk, '<', $ARGV[0]) or die "$!"; my $how = pack('L', 2); ioctl($disk, 0x8004587d, $how) or die "$!"`

/** A small disk in memory, mounted in `folder`. */
export const smallDisk = (megabytes: number): Pick<Disk, 'folder' | 'remove'> => {
  const base = newFolder()
  const folder = join(base, 'disk')
  mkdirSync(folder)
  run('mount', '-t', 'tmpfs', '-o', `size=${megabytes}m`, 'tmpfs', folder)
  return {
    folder,
    remove: () => {
      reasonOf(() => run('umount', '--lazy', folder))
      removeFolder(base)
    },
  }
}

/** Why disks cannot lose their power here. */
export const whyNoLoopDisk = known(() =>
  reasonOf(() => {
    const disk = loopDisk(16)
    try {
      disk.cutPower()
      disk.powerOn()
    } finally {
      disk.remove()
    }
  }),
)

/** Why small disks cannot be mounted here. */
export const whyNoSmallDisk = known(() => reasonOf(() => smallDisk(1).remove()))

/** Why processes cannot be traced here. */
export const whyNoStrace = known(() => reasonOf(() => run('strace', '-o', '/dev/null', 'true')))

let library: string | undefined

/** The file of `shim.c`, compiled when it is first asked for. */
const shimLibrary = (): string => {
  if (library !== undefined) return library
  const folder = newFolder()
  process.on('exit', () => removeFolder(folder))
  const file = join(folder, 'shim.so')
  run('cc', '-shared', '-fPIC', '-O2', '-o', file, fileURLToPath(new URL('./shim.c', import.meta.url)), '-ldl')
  return (library = file)
}

/** Why the shim cannot be used here. */
export const whyNoShim = known(() =>
  reasonOf(() => {
    const folder = newFolder()
    try {
      const env = { ...process.env, ...newShim(folder).env }
      execFileSync(process.execPath, ['-p', '1'], { env, stdio: 'pipe' })
    } finally {
      removeFolder(folder)
    }
  }),
)

/** What can be done to a process through `shim.c`, at any moment. */
export interface Shim {
  readonly env: Readonly<Record<string, string>>
  set(control: ShimControl): void
}

/** See `shim.c`. */
export interface ShimControl {
  readonly clockAheadMs?: number
  readonly failAfterCalls?: number
  readonly errno?: number
  readonly dropSyncs?: boolean
}

/** A shim whose control lies in the folder; `logTo` gets the writes. */
export const newShim = (folder: string, logTo?: string): Shim => {
  const file = join(folder, `shim-${Math.random().toString(36).slice(2)}`)
  writeFileSync(file, new BigInt64Array(5))
  const log = logTo === undefined ? {} : { WEIR_SHIM_LOG: logTo }
  return {
    env: { LD_PRELOAD: shimLibrary(), WEIR_SHIM: file, ...log },
    set: ({ clockAheadMs = 0, failAfterCalls = 0, errno = 5, dropSyncs = false }) => {
      const fields = [clockAheadMs, failAfterCalls, errno, dropSyncs ? 1 : 0, 0]
      // in place: the processes have the file mapped
      writeFileSync(file, new BigInt64Array(fields.map(BigInt)), { flag: 'r+' })
    },
  }
}

/** The machine in a few words. */
export const describeMachine = (): string => {
  const gigabytes = Math.round(totalmem() / 2 ** 30)
  const { bsize, blocks } = statfsSync(tmpdir())
  const disk = Math.round((bsize * blocks) / 2 ** 30)
  return `${cpus().length} cores (${cpus()[0]?.model.trim() ?? 'unknown'}), ${gigabytes} GiB, disk of ${disk} GiB, ${process.platform} ${process.arch}, Node ${process.version}`
}
