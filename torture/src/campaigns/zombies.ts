import { doctor, lmdb } from '@weir/storage-lmdb'
import { type Campaign, noScore, type Score } from '../Campaign.ts'
import { onStage, Stage } from '../Stage.ts'

const stops = { short: 10, full: 50 }
const owner = 'torture'

/** An owner is stopped, another takes over, the first goes on: its commits are refused, every time. */
export const zombieCampaign: Campaign = {
  name: 'SIGSTOP zombies',
  of: 'zombies',
  runsForRelease: 500,
  whyNot: () => undefined,
  run: (scene) =>
    onStage(new Stage(scene), async (stage) => {
      const start = () => stage.puppet('zombie', [stage.folder, owner, 0])
      let current = start()
      let done = 0
      for (; done < stops[scene.scale]; done++) {
        await current.said('acked', 3)
        current.say('freeze')
        await current.said('frozen')
        const next = start()
        await next.said('acked', 2)
        current.kill('SIGCONT')
        const acked = current.count('acked')
        const isFenced = await current.said('fenced', 1, 10_000)
        if (!isFenced) {
          stage.notice(`a zombie was not refused: ${current.count('acked') - acked} commits after it went on`)
          break
        }
        current = next
      }
      await current.end()
      // what it writes to belongs to no topic
      const { checks } = await doctor(stage.folder)
      for (const { name, wrong, findings } of checks)
        if (name !== 'partitions' && wrong > 0) stage.notice(`${name}: ${findings.map(({ what }) => what).join(', ')}`)
      return stage.scored(done, await epochsInOrder(stage.folder))
    }),
}

/** No record of an epoch stands behind one of a later epoch. */
const epochsInOrder = async (folder: string): Promise<Score> => {
  const storage = await lmdb(folder).open()
  const findings: string[] = []
  let records = 0
  let highest = 0
  for (let position = 0; ;) {
    const { batches } = await storage.read(0, position, { recordsMax: 10_000, bytesMax: 1 << 24 })
    const last = batches.at(-1)
    if (last === undefined) break
    for (const batch of batches) {
      for (let index = 0; index < batch.count; index++, records++) {
        const epoch = Number(batch.keyText(index))
        if (epoch < highest)
          findings.push(`epoch ${epoch} committed at offset ${batch.baseOffset + index}, after epoch ${highest}`)
        highest = Math.max(highest, epoch)
      }
    }
    position = last.baseOffset + last.count
  }
  await storage.close()
  return { ...noScore, records, reordered: findings.length, findings: findings.slice(0, 5) }
}
