import { accessSync, constants, existsSync, mkdirSync, readdirSync, readFileSync, renameSync, rmSync, statfsSync, statSync, writeFileSync } from 'node:fs'
import { basename, dirname, join } from 'node:path'
import { StorageRefused } from '@weir/core'
import { openGate, openData } from './environment.ts'

/** The version of everything in the folder: key layout, rows and record batches. */
export const folderFormatVersion = 1

const markerName = 'weir.json'

interface Marker {
  readonly format: 'weir-lmdb'
  readonly version: number
}

/** Where locks of other machines, or memory maps, are not what lmdb takes them for: NFS, SMB, CIFS, 9p, AFS, Ceph. */
const networkFileSystems = new Map([
  [0x6969, 'NFS'],
  [0x517b, 'SMB'],
  [0xff534d42, 'CIFS'],
  [0xfe534d42, 'SMB2'],
  [0x01021997, '9p'],
  [0x5346414f, 'AFS'],
  [0x00c36400, 'Ceph'],
])

/**
 * Makes sure that the folder is a Weir of this version; creates it when there is none. A new folder appears complete or
 * not at all, whoever else creates it at the same moment.
 *
 * @throws StorageRefused, before anything is written
 */
export const prepareFolder = async (folder: string, mapSizeBytes: number): Promise<void> => {
  const parent = existingParent(folder)
  refuseNetwork(existsSync(folder) ? folder : parent)
  if (isWeir(folder)) return
  if (existsSync(folder)) refuseUnlessEmpty(folder)
  requireWritable(folder, existsSync(folder) ? folder : parent)
  await createFolder(folder, mapSizeBytes)
}

const isWeir = (folder: string): boolean => {
  let text: string
  try {
    text = readFileSync(join(folder, markerName), 'utf8')
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException
    if (code === 'ENOENT' || code === 'ENOTDIR') return false
    throw new StorageRefused(`folder '${folder}' cannot be read (${code}); expected one that this user may read and write`, {
      cause: error,
    })
  }
  const marker = parseMarker(text)
  if (marker === undefined) {
    throw new StorageRefused(`folder '${folder}' has a ${markerName} that is not Weir's; expected a folder of its own`)
  }
  if (marker.version > folderFormatVersion) {
    throw new StorageRefused(
      `folder '${folder}' has format version ${marker.version}; this version of Weir reads up to ${folderFormatVersion}: update it`,
    )
  }
  requireWritable(folder, folder)
  return true
}

const parseMarker = (text: string): Marker | undefined => {
  try {
    const marker = JSON.parse(text) as Partial<Marker>
    return marker.format === 'weir-lmdb' && Number.isSafeInteger(marker.version) ? (marker as Marker) : undefined
  } catch {
    return undefined
  }
}

const refuseUnlessEmpty = (folder: string): void => {
  if (!statSync(folder).isDirectory()) {
    throw new StorageRefused(`'${folder}' is a file; expected a folder, or a path where one can be created`)
  }
  let names: ReadonlyArray<string>
  try {
    names = readdirSync(folder)
  } catch (cause) {
    throw new StorageRefused(`folder '${folder}' cannot be read; expected one that this user may read and write`, { cause })
  }
  if (names.length > 0) {
    throw new StorageRefused(
      `folder '${folder}' holds other files, such as '${names[0]}', and no Weir; expected an empty or new folder`,
    )
  }
}

const requireWritable = (folder: string, existing: string): void => {
  try {
    accessSync(existing, constants.R_OK | constants.W_OK | constants.X_OK)
  } catch (cause) {
    throw new StorageRefused(
      `no permission to read and write '${existing}', needed to open '${folder}'; expected a folder of this user's`,
      { cause },
    )
  }
}

const refuseNetwork = (existing: string): void => {
  const name = networkFileSystems.get(statfsSync(existing).type >>> 0)
  if (name === undefined) return
  throw new StorageRefused(
    `'${existing}' lies on a network file system (${name}), whose locks and memory maps lmdb cannot use; expected a local disk`,
  )
}

const existingParent = (folder: string): string => {
  let parent = dirname(folder)
  while (!existsSync(parent)) parent = dirname(parent)
  return parent
}

/** Builds the folder beside its place and moves it there in one step. */
const createFolder = async (folder: string, mapSizeBytes: number): Promise<void> => {
  mkdirSync(dirname(folder), { recursive: true })
  const building = join(dirname(folder), `.${basename(folder)}.${process.pid}.${Math.random().toString(36).slice(2)}`)
  mkdirSync(building, { mode: 0o700 })
  try {
    const gate = openGate(building)
    const data = openData(building, mapSizeBytes)
    await data.close()
    await gate.close()
    mkdirSync(join(building, 'pids'), { mode: 0o700 })
    writeFileSync(join(building, 'wake'), '', { mode: 0o600 })
    const marker: Marker = { format: 'weir-lmdb', version: folderFormatVersion }
    writeFileSync(join(building, markerName), `${JSON.stringify(marker)}\n`, { mode: 0o600, flush: true })
    renameSync(building, folder)
  } catch (error) {
    rmSync(building, { recursive: true, force: true })
    // someone else was first; then their folder is as good as ours
    if (!isWeir(folder)) throw error
  }
}
