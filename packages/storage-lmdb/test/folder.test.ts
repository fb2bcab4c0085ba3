import {
  chmodSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { commitOf, InvalidOption, StorageRefused } from '@weir/core'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { createFolder, folderFormatVersion } from '../src/folder.ts'
import { lmdb, type LmdbOptions } from '../src/index.ts'
import { runFixture } from './child.ts'

let root: string
beforeEach(() => (root = mkdtempSync(join(tmpdir(), 'weir-folder-'))))
afterEach(() => rmSync(root, { recursive: true, force: true }))

/** All names below the root. */
const names = (): ReadonlyArray<string> => readdirSync(root, { recursive: true, encoding: 'utf8' }).sort()

const expectRefusal = async (path: string, message: string | RegExp): Promise<void> => {
  const before = names()
  const refusal = await lmdb(path)
    .open()
    .then(
      () => undefined,
      (error: unknown) => error,
    )
  expect(refusal).toBeInstanceOf(StorageRefused)
  expect((refusal as Error).message).toMatch(message)
  expect(names(), 'nothing is written').toEqual(before)
}

test('a new folder is created with mode 0700 and its files with mode 0600, whatever the umask', async () => {
  const umask = process.umask(0)
  try {
    const storage = await lmdb(join(root, 'deep', 'data')).open()
    await storage.commit(commitOf({ rows: [{ key: new Uint8Array([1]), value: new Uint8Array([2]) }] }))
    await storage.close()
  } finally {
    process.umask(umask)
  }
  const folder = join(root, 'deep', 'data')
  expect(statSync(folder).mode & 0o777).toBe(0o700)
  const files = readdirSync(folder)
  expect(files).toEqual(expect.arrayContaining(['data.mdb', 'gate.mdb', 'weir.json']))
  for (const file of files) expect(statSync(join(folder, file)).mode & 0o777, file).toBe(0o600)
})

test('an empty folder that is there already becomes a Weir', async () => {
  const storage = await lmdb(root).open()
  await storage.close()
  expect(JSON.parse(readFileSync(join(root, 'weir.json'), 'utf8'))).toEqual({
    format: 'weir-lmdb',
    version: folderFormatVersion,
  })
})

test('a folder whose creation was broken off is created anew', async () => {
  writeFileSync(join(root, 'data.mdb'), Buffer.alloc(8192))
  writeFileSync(join(root, 'weir.json.123.tmp'), '{')
  const storage = await lmdb(root).open()
  expect(storage.bounds(0)).toEqual({ start: 0, end: 0 })
  await storage.close()
})

test('many processes that create one folder at once all open it', async () => {
  const folder = join(root, 'data')
  const children = [1, 2, 3, 4].map(() => runFixture('idle', [folder]))
  for (const child of children) expect(await child.exited, child.errors.join('')).toEqual({ code: 0, signal: null })
  const storage = await lmdb(folder).open()
  expect(storage.rows.get(new Uint8Array([1]))).toEqual(new Uint8Array([1]))
  await storage.close()
})

test('a folder with other files is refused, and one of them is named', async () => {
  writeFileSync(join(root, 'thesis.txt'), 'mine')
  await expectRefusal(root, /holds other files, such as 'thesis.txt'/)
})

test('a file in the place of the folder is refused', async () => {
  writeFileSync(join(root, 'data'), '')
  await expectRefusal(join(root, 'data'), /is a file; expected a folder/)
  await expectRefusal(join(root, 'data', 'below'), /data' is a file; expected a folder/)
})

test.skipIf(!existsSync('/proc/self'))('a folder where nothing can be stored is refused at once', async () => {
  await expectRefusal('/proc', /'\/proc' lies on proc/)
  await expectRefusal('/proc/weir/data', /'\/proc' lies on proc/)
  // the writer asks no more, and must not try for ever
  expect(() => createFolder('/proc/weir/data')).toThrow(StorageRefused)
})

test('a newer format is refused, with both versions', async () => {
  writeFileSync(join(root, 'weir.json'), JSON.stringify({ format: 'weir-lmdb', version: folderFormatVersion + 1 }))
  writeFileSync(join(root, 'data.mdb'), '')
  await expectRefusal(root, `format version ${folderFormatVersion + 1}; expected at most ${folderFormatVersion}`)
})

test.each([
  '',
  '[]',
  'null',
  '{"format":"other","version":1}',
  '{"format":"weir-lmdb","version":"1"}',
  '{"format":"weir-lmdb","version":0}',
])('a marker that is not of Weir is refused: %s', async (text) => {
  writeFileSync(join(root, 'weir.json'), text)
  await expectRefusal(root, /is not of Weir/)
})

test('a Weir whose data is gone is refused instead of begun anew', async () => {
  const storage = await lmdb(root).open()
  await storage.close()
  rmSync(join(root, 'data.mdb'))
  await expectRefusal(root, /data.mdb is missing/)
})

test('a folder without permission is refused, also one that cannot be created', async () => {
  const nobody = 65_534
  if (process.getuid?.() !== 0) {
    mkdirSync(join(root, 'locked'), { mode: 0o500 })
    await expectRefusal(join(root, 'locked'), /no permission/)
    await expectRefusal(join(root, 'locked', 'data'), /no permission/)
    return
  }
  // root may do everything, so this asks as somebody else
  chmodSync(root, 0o755)
  mkdirSync(join(root, 'locked'), { mode: 0o755 })
  for (const path of [join(root, 'locked'), join(root, 'locked', 'data')]) {
    const child = runFixture('open', [path], {
      uid: nobody,
      gid: nobody,
      env: { ...process.env, HOME: '/nonexistent' },
    })
    expect(await child.line('refused')).toMatch(/^StorageRefused no permission to read and write/)
    await child.exited
  }
  expect(existsSync(join(root, 'locked', 'data'))).toBe(false)
})

test.each<{ path: string; options?: LmdbOptions; message: RegExp }>([
  { path: '', message: /path is ""/ },
  { path: 'a\0b', message: /expected that of a folder/ },
  {
    path: 'data',
    options: { mapSize: 5 } as LmdbOptions,
    message: /there is no option 'mapSize'; expected some of mapSizeBytes/,
  },
  { path: 'data', options: { mapSizeBytes: 5 }, message: /mapSizeBytes is 5; expected a whole number from/ },
  { path: 'data', options: { pollIntervalMs: 0.5 }, message: /pollIntervalMs is 0.5/ },
  { path: 'data', options: { stallAfterMs: Number.NaN }, message: /stallAfterMs is NaN/ },
  { path: 'data', options: { snapshotAgeMsMax: -1 }, message: /snapshotAgeMsMax is -1/ },
  {
    path: 'data',
    options: { allowNetworkFileSystem: 'yes' as unknown as boolean },
    message: /allowNetworkFileSystem is yes/,
  },
])('options out of range are refused before anything is touched: $message', ({ path, options, message }) => {
  const given = path === 'data' ? join(root, path) : path
  expect(() => lmdb(given, options)).toThrow(InvalidOption)
  expect(() => lmdb(given, options)).toThrow(message)
  expect(names()).toEqual([])
})
