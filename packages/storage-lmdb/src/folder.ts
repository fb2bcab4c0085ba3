import {
  accessSync,
  closeSync,
  constants,
  fsyncSync,
  mkdirSync,
  openSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  type Stats,
  statfsSync,
  statSync,
  writeFileSync,
} from 'node:fs'
import { dirname, join } from 'node:path'
import { StorageRefused } from '@weir/core/storage'
import { dataFileName, gateFileName } from './environment.ts'
import { holderFileName } from './holder.ts'
import { wakeFileName } from './wake.ts'

/**
 * The version of everything in the folder: files, keys and values. Record batches have their own beside.
 *
 * 2: tails say how many bytes their partition takes, and batches may be sparse.
 * 3: rows may be in sorted runs.
 *
 * A folder of an older version is migrated when it is opened.
 */
export const folderFormatVersion = 3

/** The file that makes a folder a Weir. It is written last, when everything else is on disk. */
const markerFileName = 'weir.json'

const markerFormat = 'weir-lmdb'
const temporaryMarker = /^weir\.json\.\d+\.tmp$/

/** The file that says that a backup into the folder has begun and is not complete. */
const unfinishedBackupName = 'unfinished-backup'

/** What a process that died while it created the folder may have left behind. */
const leftovers = new Set([
  dataFileName,
  `${dataFileName}-lock`,
  gateFileName,
  `${gateFileName}-lock`,
  holderFileName,
  wakeFileName,
])

/** Where locks and memory maps are not what lmdb takes them for, because other machines may use the same files. */
const remoteFileSystems = new Map([
  [0x6969, 'NFS'],
  [0x517b, 'SMB'],
  [0xff534d42, 'CIFS'],
  [0xfe534d42, 'SMB2'],
  [0x01021997, '9p'],
  [0x5346414f, 'AFS'],
  [0x6b414653, 'AFS'],
  [0x73757245, 'Coda'],
  [0x00c36400, 'Ceph'],
  [0x0bd00bd0, 'Lustre'],
  [0x01161970, 'GFS2'],
  [0x7461636f, 'OCFS2'],
  [0x65735546, 'FUSE, such as sshfs'],
])

/** Where the kernel shows itself: nothing can be stored there, and some answer the creation of a folder with an absurdity. */
const pseudoFileSystems = new Map([
  [0x9fa0, 'proc'],
  [0x62656572, 'sysfs'],
  [0x1cd1, 'devpts'],
  [0x27e0eb, 'cgroup'],
  [0x63677270, 'cgroup2'],
  [0x64626720, 'debugfs'],
  [0x74726163, 'tracefs'],
  [0x73636673, 'securityfs'],
  [0x62656570, 'configfs'],
  [0xcafe4a11, 'bpf'],
  [0x6165676c, 'pstore'],
  [0xde5e81e4, 'efivarfs'],
  [0x42494e4d, 'binfmt_misc'],
  [0x19800202, 'mqueue'],
])

/**
 * Looks whether the folder is a Weir that this code can open, or can become one. Writes nothing.
 *
 * @throws StorageRefused
 */
export const inspectFolder = (folder: string, allowNetworkFileSystem: boolean): 'weir' | 'new' => {
  const isThere = statOf(folder) !== undefined
  const existing = isThere ? folder : existingParent(folder)
  if (!statOf(existing)!.isDirectory()) {
    throw new StorageRefused(`'${existing}' is a file; expected a folder, or a path where one can be created`)
  }
  refusePseudo(existing)
  if (!allowNetworkFileSystem) refuseRemote(existing)
  requirePermission(folder, existing)
  if (!isThere) return 'new'
  const names = readdirSync(folder)
  if (!names.includes(markerFileName)) {
    if (names.includes(unfinishedBackupName)) {
      throw new StorageRefused(
        `folder '${folder}' holds a backup that did not come to its end; expected a complete one: remove it, and take it again`,
      )
    }
    refuseForeign(folder, names)
    return 'new'
  }
  requireVersion(folder)
  if (!names.includes(dataFileName)) {
    throw new StorageRefused(
      `folder '${folder}' is a Weir whose ${dataFileName} is missing; expected a complete folder: restore it`,
    )
  }
  return 'weir'
}

/**
 * Creates the folder itself, with mode 0700, when it is not there.
 *
 * @throws StorageRefused
 */
export const createFolder = (folder: string): void => {
  try {
    makeDirectories(folder)
  } catch (cause) {
    throw new StorageRefused(`folder '${folder}' cannot be created: ${(cause as Error).message}`, { cause })
  }
}

/** Unlike mkdir with `recursive`, which tries for ever where a folder cannot be created although the one above is there. */
const makeDirectories = (folder: string): void => {
  if (statOf(folder) !== undefined) return
  makeDirectories(dirname(folder))
  try {
    mkdirSync(folder, { mode: 0o700 })
  } catch (cause) {
    if ((cause as NodeJS.ErrnoException).code !== 'EEXIST') throw cause
  }
  syncFile(dirname(folder))
}

/** The format version that the folder's marker says; undefined for one without a marker. */
export const markedVersion = (folder: string): number | undefined => {
  const file = join(folder, markerFileName)
  return statOf(file) === undefined ? undefined : versionIn(readFileSync(file, 'utf8'))
}

/** Makes the folder a Weir, durably, when all else is in place. To be called while the gate is held. */
export const writeMarker = (folder: string): void => {
  for (const name of [dataFileName, gateFileName]) syncFile(join(folder, name))
  syncFile(folder)
  const temporary = join(folder, `${markerFileName}.${process.pid}.tmp`)
  const marker = { format: markerFormat, version: folderFormatVersion }
  writeFileSync(temporary, `${JSON.stringify(marker)}\n`, { mode: 0o600, flush: true })
  renameSync(temporary, join(folder, markerFileName))
  syncFile(folder)
}

/**
 * Takes a folder for a backup: from now on, and until the marker is written, it is refused to whoever opens it.
 *
 * @throws StorageRefused when there is anything in it
 */
export const beginBackup = (folder: string): void => {
  createFolder(folder)
  const [found] = readdirSync(folder)
  if (found !== undefined) {
    throw new StorageRefused(`folder '${folder}' holds '${found}'; expected one that is new or empty, for a backup`)
  }
  try {
    writeFileSync(join(folder, unfinishedBackupName), '', { mode: 0o600, flag: 'wx', flush: true })
  } catch (cause) {
    throw new StorageRefused(`folder '${folder}' cannot take a backup: ${(cause as Error).message}`, { cause })
  }
  syncFile(folder)
}

/** Makes a backup that is all there a Weir, durably. */
export const completeBackup = (folder: string): void => {
  writeMarker(folder)
  rmSync(join(folder, unfinishedBackupName))
}

/** Removes data that was being created by a process that died. To be called while the gate is held, without a marker. */
export const removeUnfinishedData = (folder: string): void => {
  for (const name of [dataFileName, `${dataFileName}-lock`]) rmSync(join(folder, name), { force: true })
}

const requireVersion = (folder: string): void => {
  const file = join(folder, markerFileName)
  const version = versionIn(readFileSync(file, 'utf8'))
  if (version === undefined) {
    throw new StorageRefused(`'${file}' is not of Weir; expected an empty folder, or one that Weir has created`)
  }
  if (version > folderFormatVersion) {
    throw new StorageRefused(
      `folder '${folder}' has format version ${version}; expected at most ${folderFormatVersion}: update @weir/storage-lmdb`,
    )
  }
}

const versionIn = (text: string): number | undefined => {
  try {
    const marker = JSON.parse(text) as { readonly format?: unknown; readonly version?: unknown } | null
    if (marker === null || marker.format !== markerFormat) return undefined
    return Number.isSafeInteger(marker.version) && (marker.version as number) > 0
      ? (marker.version as number)
      : undefined
  } catch {
    return undefined
  }
}

const refuseForeign = (folder: string, names: ReadonlyArray<string>): void => {
  const foreign = names.find((name) => !leftovers.has(name) && !temporaryMarker.test(name))
  if (foreign === undefined) return
  throw new StorageRefused(
    `folder '${folder}' holds other files, such as '${foreign}', and no Weir; expected an empty folder, or one that Weir has created`,
  )
}

const requirePermission = (folder: string, existing: string): void => {
  try {
    accessSync(existing, constants.R_OK | constants.W_OK | constants.X_OK)
    for (const name of [markerFileName, dataFileName, gateFileName]) {
      if (statOf(join(folder, name)) !== undefined) accessSync(join(folder, name), constants.R_OK | constants.W_OK)
    }
  } catch (cause) {
    const of = existing === folder ? '' : ` to create '${folder}'`
    throw new StorageRefused(`no permission to read and write '${existing}'${of}; expected a folder of this user's`, {
      cause,
    })
  }
}

const refusePseudo = (existing: string): void => {
  const name = pseudoFileSystems.get(fileSystemOf(existing))
  if (name === undefined) return
  throw new StorageRefused(`'${existing}' lies on ${name}, which stores nothing; expected a folder on a disk`)
}

const fileSystemOf = (existing: string): number => statfsSync(existing).type >>> 0

const refuseRemote = (existing: string): void => {
  const name = remoteFileSystems.get(fileSystemOf(existing))
  if (name === undefined) return
  throw new StorageRefused(
    `'${existing}' lies on a network file system (${name}), over which lmdb loses data; expected a local disk ` +
      `(allowNetworkFileSystem: true overrides this, for one that no other machine uses)`,
  )
}

const existingParent = (folder: string): string => {
  let parent = dirname(folder)
  while (statOf(parent) === undefined) parent = dirname(parent)
  return parent
}

const statOf = (path: string): Stats | undefined => {
  try {
    return statSync(path, { throwIfNoEntry: false })
  } catch (cause) {
    const { code } = cause as NodeJS.ErrnoException
    if (code === 'ENOTDIR') return undefined
    throw new StorageRefused(`'${path}' cannot be looked at (${code}); expected a folder of this user's`, { cause })
  }
}

const syncFile = (path: string): void => {
  const file = openSync(path, constants.O_RDONLY)
  try {
    fsyncSync(file)
  } finally {
    closeSync(file)
  }
}
