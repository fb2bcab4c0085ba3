/** What is going on, on one line of a terminal; a line each where there is none. */
export class Status {
  readonly #count: number
  readonly #terminal: boolean = process.stdout.isTTY
  #started = 0

  constructor(count: number) {
    this.#count = count
  }

  begin(name: string): void {
    this.#started++
    this.show(name)
  }

  show(text: string): void {
    const line = `[${this.#started}/${this.#count}] ${text}`
    if (this.#terminal) process.stdout.write(`\r\x1b[K${line.slice(0, process.stdout.columns - 1)}`)
    else process.stdout.write(`${line}\n`)
  }

  end(): void {
    if (this.#terminal) process.stdout.write('\r\x1b[K')
  }
}
