import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { type Campaign, isClean } from './Campaign.ts'
import { campaigns } from './campaigns.ts'
import { describeMachine } from './machine.ts'
import { Progress } from './Progress.ts'
import { report } from './report.ts'
import { sabotaged, sabotages } from './sabotage.ts'

const usage = `pnpm torture [--minutes 10] [--campaign <name>]... [--seed <n>] [--short] [--resume] [--state <file>] [--sabotage <name>]

  --minutes   how long; each campaign gets the same share, until it has as many runs as a release takes
  --campaign  one of: ${campaigns.map(({ name }) => name).join(', ')}
  --seed      of the first scene; what is said of a scene has its seed
  --short     short scenes, as in the tests
  --resume    goes on where the last run was stopped
  --state     where it is kept how far this is
  --sabotage  the processes run on a copy of the code with a fault that must be found: ${Object.keys(sabotages).join(', ')}
`

const options = {
  minutes: { type: 'string', default: '10' },
  campaign: { type: 'string', multiple: true },
  seed: { type: 'string', default: String(Date.now() % 1_000_000) },
  short: { type: 'boolean', default: false },
  resume: { type: 'boolean', default: false },
  state: { type: 'string', default: join(tmpdir(), 'weir-torture.json') },
  sabotage: { type: 'string' },
  help: { type: 'boolean', short: 'h', default: false },
} as const

const endWithUsage = (mistake?: string): never => {
  process.stderr.write(mistake === undefined ? usage : `${mistake}\n${usage}`)
  process.exit(mistake === undefined ? 0 : 2)
}

const parsed = () => {
  try {
    return parseArgs({ options }).values
  } catch (error) {
    return endWithUsage((error as Error).message)
  }
}

const { minutes, campaign: names, seed, short, resume, state, sabotage: sabotageName, help } = parsed()
if (help) endWithUsage()
if (!(Number(minutes) > 0)) endWithUsage(`--minutes is '${minutes}'; expected a number above 0`)
if (!Number.isSafeInteger(Number(seed))) endWithUsage(`--seed is '${seed}'; expected a whole number`)
const unknown = names?.find((name) => !campaigns.some((campaign) => campaign.name === name))
if (unknown !== undefined) endWithUsage(`there is no campaign '${unknown}'`)
if (sabotageName !== undefined && !Object.hasOwn(sabotages, sabotageName))
  endWithUsage(`there is no sabotage '${sabotageName}'`)
if (resume && !existsSync(state)) endWithUsage(`there is nothing to resume in ${state}`)

const progress = resume ? Progress.parse(readFileSync(state, 'utf8')) : new Progress(Number(seed))
const chosen = campaigns.filter(({ name }) => names === undefined || names.includes(name))
const playable = chosen.filter(({ name, whyNot }) => {
  const reason = whyNot()
  if (reason !== undefined) console.log(`${name}: skipped, since this machine cannot: ${reason}`)
  return reason === undefined
})

const sabotage = sabotageName === undefined ? undefined : await sabotaged(sabotageName)
const startedAt = performance.now()
const deadline = startedAt + Number(minutes) * 60_000
let interrupted = false
process.on('SIGINT', () => {
  if (interrupted) process.exit(130)
  interrupted = true
  console.log('stops after this scene; again to stop at once')
})

/** The one with the least time so far of those that have not enough runs yet. */
const nextCampaign = (): Campaign | undefined =>
  playable
    .filter(({ name, runsForRelease }) => progress.of(name).score.runs < runsForRelease)
    .sort((left, right) => progress.of(left.name).ms - progress.of(right.name).ms)[0]

// what runs ends with this
process.on('SIGTERM', () => process.exit(143))

console.log(`${describeMachine()}\n`)
while (!interrupted && performance.now() < deadline) {
  const campaign = nextCampaign()
  if (campaign === undefined) break
  const scene = { seed: progress.nextSeed(), scale: short ? 'short' : 'full', sabotage } as const
  const began = performance.now()
  const score = await campaign.run(scene)
  const ms = performance.now() - began
  const { score: sum } = progress.add(campaign.name, score, ms)
  writeFileSync(state, progress.toString())
  const left = Math.max(0, Math.round((deadline - performance.now()) / 60_000))
  const verdict = isClean(score) ? 'clean' : `NOT CLEAN (--seed ${scene.seed})`
  console.log(
    `${campaign.name}: ${score.runs} ${campaign.of}, ${score.records} records in ${(ms / 1000).toFixed(1)} s, ${verdict}; ${sum.runs} of ${campaign.runsForRelease}, ${left} min left`,
  )
  if (!isClean(score)) for (const finding of score.findings) console.log(`  ${finding}`)
}

const skipped = chosen.filter((campaign) => !playable.includes(campaign)).map(({ name }) => name)
console.log(report(chosen, progress, skipped))
process.exit(playable.every(({ name }) => isClean(progress.of(name).score)) ? 0 : 1)
