/** Something that is not as it should be. */
export interface Finding {
  /** Where it is, in words: names, numbers and offsets, and nothing of what users store. */
  readonly where: string
  readonly what: string
}

/** What one check has looked at and found. */
export interface CheckReport {
  readonly name: string
  /** What is counted, such as 'batches'. */
  readonly of: string
  /** How many were looked at. */
  readonly count: number
  /** How many things are wrong. */
  readonly wrong: number
  /** The first of them. */
  readonly findings: ReadonlyArray<Finding>
}

/** What a look over a storage has found: a value, and as text a page to read. */
export class DoctorReport {
  readonly checks: ReadonlyArray<CheckReport>

  constructor(checks: ReadonlyArray<CheckReport>) {
    this.checks = checks
  }

  /** Whether nothing is wrong. */
  get isHealthy(): boolean {
    return this.checks.every(({ wrong }) => wrong === 0)
  }

  /** A line for each check, and below it one for each finding. */
  toString(): string {
    const width = Math.max(0, ...this.checks.map(({ name }) => name.length))
    return this.checks
      .flatMap(({ name, of, count, wrong, findings }) => {
        const verdict = wrong === 0 ? 'all well' : `${wrong} wrong`
        const more = wrong > findings.length ? [`  and ${wrong - findings.length} more`] : []
        return [
          `${name.padEnd(width)}  ${count} ${of}: ${verdict}`,
          ...findings.map(({ where, what }) => `  ${where}: ${what}`),
          ...more,
        ]
      })
      .join('\n')
  }
}
