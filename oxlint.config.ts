import { builtinModules } from 'node:module'
import { defineConfig, type OxlintOverride } from 'oxlint'
import { coreEntries, coreLayers, packageLayers, withLmdb, withoutNode } from './scripts/layers.ts'

/** Modules that some files may not import: a pattern of import paths, and what to do instead. */
interface Ban {
  readonly regex: string
  readonly message: string
}

const anyOf = (names: readonly string[]): string => `(?:${names.join('|')})`
const packages = Object.keys(packageLayers)

const fpTs: Ban = {
  regex: '^fp-ts(?:/(?:lib/)?[^/.]+|/es6/.*)?$',
  message: "Import 'fp-ts/lib/X.js': other paths fail in plain Node.",
}
const lmdb: Ban = { regex: '^lmdb(?:/|$)', message: 'Only storage-lmdb knows lmdb.' }
const node: Ban = { regex: `^(?:node:|${anyOf(builtinModules)}$)`, message: 'This package runs without Node.' }
const otherFolders: Ban = {
  regex: `^(?:\\.\\./)+(?:packages/)?${anyOf(packages)}/(?:src|dist)/`,
  message: 'Import a package by its name.',
}
const notBelow = (of: string, names: readonly string[]): Ban => ({
  regex: `^@weir/${anyOf(names)}(?:/|$)`,
  message: `${of} may not import this package (scripts/layers.ts).`,
})
const layersAbove = (of: string, names: readonly string[]): Ban => ({
  regex: `^(?:\\.\\./)+(?:${anyOf(coreEntries)}$|${anyOf(names)}/)`,
  message: `${of} may not import this layer (scripts/layers.ts).`,
})

const bansIn = (name: string): Ban[] => [
  fpTs,
  otherFolders,
  notBelow(
    name,
    packages.filter((other) => !packageLayers[name]?.includes(other)),
  ),
  ...(withLmdb.includes(name) ? [] : [lmdb]),
  ...(withoutNode.includes(name) ? [node] : []),
]

/** An override replaces the rule of the overrides before it, so each carries all of its bans. */
const ban = (files: string, patterns: readonly Ban[]): OxlintOverride => ({
  files: [files],
  rules: { 'no-restricted-imports': ['error', { patterns: [...patterns] }] },
})

const layerRules = [
  ban('packages/*/test/**', [fpTs, otherFolders, lmdb]),
  ...withLmdb.map((name) => ban(`packages/${name}/test/**`, [fpTs, otherFolders])),
  ...packages.map((name) => ban(`packages/${name}/src/**`, bansIn(name))),
  ...Object.entries(coreLayers).map(([layer, below]) => {
    const above = Object.keys(coreLayers).filter((other) => other !== layer && !below.includes(other))
    return ban(`packages/core/src/${layer}/**`, [...bansIn('core'), layersAbove(`core/src/${layer}`, above)])
  }),
]

export default defineConfig({
  plugins: ['eslint', 'typescript', 'unicorn', 'oxc', 'import', 'promise', 'vitest'],
  categories: { correctness: 'error', suspicious: 'error' },
  rules: {
    'no-restricted-imports': ['error', { patterns: [fpTs] }],
    'typescript/no-floating-promises': 'error',
    'vitest/valid-expect': ['error', { maxArgs: 2 }],
    'no-unused-vars': ['error', { argsIgnorePattern: '^_' }],
    'no-warning-comments': ['error', { terms: ['todo', 'fixme', 'xxx'] }],
    'no-shadow-restricted-names': ['error', { reportGlobalThis: false }],
    // Not our manner: `_tag` names a failure, `fc.integer` is how fast-check is read, own arrays are changed in place,
    // bytes are told their type where they come in, laws and models expect in functions of their own.
    'no-underscore-dangle': 'off',
    'import/no-named-as-default-member': 'off',
    'typescript/no-unnecessary-type-arguments': 'off',
    'typescript/no-unsafe-type-assertion': 'off',
    'unicorn/consistent-function-scoping': 'off',
    'unicorn/no-array-fill-with-reference-type': 'off',
    'unicorn/no-array-reverse': 'off',
    'unicorn/no-array-sort': 'off',
    'unicorn/no-new-array': 'off',
    'vitest/expect-expect': 'off',
    'vitest/no-conditional-expect': 'off',
    'vitest/valid-title': 'off',
    // Wrong here: a CompletableFuture is a thenable on purpose, threads have no origin, a set that changes while it is
    // walked is copied, what an await changes is changed, and tsc sees missing returns.
    'no-unmodified-loop-condition': 'off',
    'promise/valid-params': 'off',
    'typescript/consistent-return': 'off',
    'unicorn/no-thenable': 'off',
    'unicorn/no-useless-spread': 'off',
    'unicorn/require-post-message-target-origin': 'off',
  },
  overrides: [
    {
      files: ['packages/*/src/**'],
      rules: {
        'import/no-default-export': 'error',
        'max-lines': ['error', { max: 400, skipBlankLines: true, skipComments: true }],
        'max-lines-per-function': ['error', { max: 70, skipBlankLines: true, skipComments: true }],
      },
    },
    ...layerRules,
  ],
})
