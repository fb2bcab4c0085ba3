import { basename } from 'node:path'
import { parseSync, type Program } from 'oxc-parser'

/** Words that say nothing about what a file holds. */
const emptyWords = /^(?:utils?|helpers?|common|managers?|misc)$|(?:Utils?|Helpers?|Manager)$|V\d+$/i

/** A bound whose unit comes last: `ageMaxMs` for `ageMsMax`. */
const boundBeforeUnit = /\b\w+(?:Max|Min)(?:Ms|Bytes|Count|Records)\b/g

/**
 * What the lint cannot see in a source file: empty names, bounds before their unit, `export *`, and exports without a docstring.
 *
 * @returns each finding with its place, `file:line`
 */
export const untidy = (file: string, text: string): string[] => {
  const { program, comments } = parseSync(file, text)
  const place = (offset: number): string => `${file}:${text.slice(0, offset).split('\n').length}`
  const findings = file.split('/').some((part) => emptyWords.test(basename(part, '.ts')))
    ? [`${file}: the name says nothing`]
    : []

  for (const { 0: name, index } of text.matchAll(boundBeforeUnit)) {
    findings.push(`${place(index)}: ${name} has its bound before the unit`)
  }
  const docstringEnds = comments.flatMap(({ type, value, end }) =>
    type === 'Block' && value.startsWith('*') ? [end] : [],
  )
  const isDocumented = (start: number): boolean =>
    docstringEnds.some((end) => end <= start && text.slice(end, start).trim() === '')

  let overloaded = ''
  for (const statement of program.body) {
    if (statement.type === 'ExportAllDeclaration' && statement.exported === null) {
      findings.push(`${place(statement.start)}: a bare export *; name what is exported`)
    }
    for (const { name, start } of exportsOf(statement, program)) {
      // The docstring of overloads stands before the first of them.
      if (name !== overloaded && !isDocumented(start)) findings.push(`${place(start)}: ${name} has no docstring`)
      overloaded = name
    }
  }
  return findings
}

/** What a statement exports of its own module, with the place where it is declared. */
const exportsOf = (statement: Program['body'][number], program: Program): Array<{ name: string; start: number }> => {
  if (statement.type !== 'ExportNamedDeclaration' || statement.source !== null) return []
  if (statement.declaration !== null) {
    return namesOf(statement.declaration).map((name) => ({ name, start: statement.start }))
  }
  return statement.specifiers.flatMap(({ local }) =>
    program.body.flatMap((declaration) =>
      'name' in local && namesOf(declaration).includes(local.name)
        ? [{ name: local.name, start: declaration.start }]
        : [],
    ),
  )
}

const namesOf = (declaration: Program['body'][number]): string[] => {
  if (declaration.type === 'VariableDeclaration') {
    return declaration.declarations.flatMap(({ id }) => (id.type === 'Identifier' ? [id.name] : []))
  }
  return 'id' in declaration && declaration.id?.type === 'Identifier' ? [declaration.id.name] : []
}
