import * as t from 'io-ts'

/** A value that MessagePack would give back as something else. */
export class Celsius {
  readonly degrees: number

  constructor(degrees: number) {
    this.degrees = degrees
  }

  text(): string {
    return `${this.degrees} C`
  }
}

export const CelsiusFromNumber: t.Type<Celsius, number, unknown> = new t.Type<Celsius, number, unknown>(
  'Celsius',
  (value): value is Celsius => value instanceof Celsius,
  (value, context) => (typeof value === 'number' ? t.success(new Celsius(value)) : t.failure(value, context)),
  ({ degrees }) => degrees,
)
