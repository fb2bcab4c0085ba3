export {
  postgresSink,
  type PostgresConnectionOptions,
  type PostgresRow,
  type PostgresSinkOptions,
  type PostgresTableOptions,
  type PostgresWriteOptions,
} from './postgresSink.ts'
