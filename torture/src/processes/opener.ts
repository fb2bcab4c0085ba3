import { lmdb } from '@weir/storage-lmdb'

// Opens and closes a folder again and again. Says `opened` for each time.

const [folder = '', count = '1'] = process.argv.slice(2)
for (let opened = 0; opened < Number(count); opened++) {
  const storage = await lmdb(folder).open()
  await storage.close()
  console.log('opened')
}
