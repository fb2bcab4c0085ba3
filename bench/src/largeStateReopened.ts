import { ManyKeys, uniform } from './ManyKeys.ts'
import { watchMemory } from './memory.ts'

// A process of the benchmark largeState, started with the folder, how many keys it has, and how many records are to be counted:
// appends and counts them, and tells what of it was in memory at most.

const [folder = '', keys = '', records = ''] = process.argv.slice(2)
process.once('disconnect', () => process.exit())

const stopWatching = watchMemory()
const many = await ManyKeys.open(folder, Number(keys))
await many.run(Number(records), uniform(99))
process.send!(stopWatching())
await many.close()
process.disconnect!()
