import type { Campaign } from '../Campaign.ts'
import { newShim, whyNoShim } from '../machine.ts'
import type { Puppet } from '../Puppet.ts'
import { onStage, Stage } from '../Stage.ts'

const errors = { short: 45, full: 200 }
const callsMax = 200
const [inputOutputError, noSpace] = [5, 28]

/**
 * The n-th write or sync of the data fails, or finds no room; the writer opens the folder again and goes on. lmdb-js puts what it
 * says of an error into a buffer that may be too small for it, and an abort for that is as good as a kill: another writer goes on.
 */
export const ioErrorCampaign: Campaign = {
  name: 'I/O error at a call',
  of: 'errors',
  runsForRelease: 400,
  whyNot: whyNoShim,
  run: (scene) =>
    onStage(new Stage(scene), async (stage) => {
      const shim = newShim(stage.base)
      const start = async (): Promise<Puppet> => {
        const started = stage.writer({ inFlight: 2, linesMax: 6, reopens: true }, { env: shim.env, mayAbort: true })
        await started.said('acked')
        return started
      }
      let writer = await start()
      let done = 0
      for (; done < errors[scene.scale]; done++) {
        const answers = writer.count('reopened') + writer.count('full')
        const errno = stage.below(3) === 0 ? noSpace : inputOutputError
        // in full every one of the first calls after an open, else some of them
        const call = scene.scale === 'full' ? 1 + (done % callsMax) : 1 + stage.below(20)
        shim.set({ failAfterCalls: call, errno })
        const acked = writer.count('acked')
        const isSaid = await Promise.race([
          writer.said('reopened', writer.count('reopened') + 1, 20_000),
          writer.said('full', writer.count('full') + 1, 20_000),
        ])
        if (writer.wasAborted) {
          console.log('  a writer was aborted by native code after an I/O error; another one goes on')
          shim.set({})
          writer = await start()
          continue
        }
        if (!isSaid || writer.count('reopened') + writer.count('full') === answers) {
          stage.notice(
            `a writer did not answer to an I/O error, and has acknowledged ${writer.count('acked') - acked} since`,
          )
          break
        }
        if (!(await writer.said('acked', writer.count('acked') + 2, 20_000)))
          stage.notice('a writer wrote nothing after an I/O error')
      }
      shim.set({})
      return stage.judged(done)
    }),
}
