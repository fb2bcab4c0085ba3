import { rm } from 'node:fs/promises'
import { join } from 'node:path'
import { type StorageProvider, Weir } from '@weir/core'
import { counted, countedKills, phase, Rate, runMain, type Show } from '@weir/example-program'
import { lmdb } from '@weir/storage-lmdb'
import { Listr } from 'listr2'
import { type Comparison, compareAll, isAllEqual } from './compare.ts'
import { computeExpected, type Expected } from './expected.ts'
import { type FlightColumns, readFlightsFile } from './flightsFile.ts'
import { loadFlights } from './loadFlights.ts'
import { type Options, parseOptions, usage } from './options.ts'
import { report } from './report.ts'
import { flightPartitions, reportOrder } from './reportOrder.ts'
import { runUnderKills, type UnderKills } from './runUnderKills.ts'
import { WorstAirports } from './worstAirports.ts'

/** One start of the program: its phases, and what each leaves for the next. */
class Program {
  readonly worst = new WorstAirports()
  #columns!: FlightColumns
  #order!: Uint32Array
  #expected!: Expected
  underKills!: UnderKills
  comparisons!: ReadonlyArray<Comparison>
  readonly #weir: Weir
  readonly #storage: StorageProvider
  readonly #kills: number
  readonly #signal: AbortSignal

  constructor(weir: Weir, storage: StorageProvider, kills: number, signal: AbortSignal) {
    this.#weir = weir
    this.#storage = storage
    this.#kills = kills
    this.#signal = signal
  }

  get flights(): number {
    return this.#columns.count
  }

  readonly read = async (show: Show): Promise<string> => {
    this.#columns = await readFlightsFile((rows) => {
      this.#signal.throwIfAborted()
      show(() => `${counted(rows)} flights`)
    })
    this.#order = reportOrder(this.#columns)
    return `${counted(this.#columns.count)} flights`
  }

  readonly compute = async (): Promise<string> => {
    this.#expected = computeExpected(this.#columns, this.#order, flightPartitions)
    const { hours, days } = this.#expected
    return `late for their hour ${counted(hours.lateRows.length)}, late for their day ${counted(days.lateRows.length)}`
  }

  readonly load = async (show: Show): Promise<string> => {
    const rate = new Rate()
    const appended = await loadFlights(
      this.#weir,
      this.#columns,
      this.#order,
      (flights) => {
        const perSecond = rate.perSecond(flights)
        show(() => `${counted(flights)} of ${counted(this.flights)} flights, ${counted(perSecond)} records/s`)
      },
      this.#signal,
    )
    return `${counted(appended)} flights on disk`
  }

  readonly run = async (show: Show): Promise<string> => {
    const rate = new Rate()
    this.underKills = await runUnderKills(this.#weir, this.#storage, {
      kills: this.#kills,
      signal: this.#signal,
      onProgress: ({ total, done, lag, kills, commits }) => {
        const perSecond = rate.perSecond(done)
        show(
          () =>
            `${counted(done)} of ${counted(total)} flights, ${counted(perSecond)} records/s, ` +
            `lag ${counted(lag)}, ${counted(commits)} commits, ${countedKills(kills)}`,
        )
      },
    })
    return `${counted(this.underKills.records)} flights, ${countedKills(this.underKills.kills)},`
  }

  readonly compare = async (show: Show): Promise<string> => {
    let compared = 0
    const hear = (): void => {
      if (++compared % 10_000 === 0) show(() => `${counted(compared)} results`)
    }
    this.comparisons = await compareAll(this.#weir, this.#columns, this.#expected, {
      onHour: (hour) => (this.worst.addHour(hour), hear()),
      onDay: (day) => (this.worst.addDay(day), hear()),
      onLate: hear,
    })
    return `${counted(compared)} results`
  }
}

const runProgram = async ({ keep, data, kills }: Options, signal: AbortSignal): Promise<boolean> => {
  const begin = performance.now()
  const folder = join(data, 'log')
  if (!keep) await rm(folder, { recursive: true, force: true })
  const storage = lmdb(folder)
  const weir = await Weir.open(storage)
  try {
    const program = new Program(weir, storage, kills, signal)
    await new Listr(
      [
        phase('Read flights-3m.parquet', program.read),
        phase('Compute all results with a plain loop', program.compute),
        phase('Append the flights to a topic of 8 partitions', program.load),
        phase('Run the job on two worker processes, killing them', program.run),
        phase('Compare every result', program.compare),
      ],
      { registerSignalListeners: false },
    ).run()
    const { flights, underKills, comparisons, worst } = program
    console.log(`\nAirports with the longest mean delay, January to June 2001\n${worst.toString()}\n`)
    console.log(report({ flights, underKills, comparisons, totalMs: performance.now() - begin }))
    return isAllEqual(comparisons)
  } finally {
    await weir.close()
  }
}

await runMain({
  usage,
  parseOptions,
  run: runProgram,
  interrupted: 'What is committed stays; a start with --keep goes on from there.',
})
