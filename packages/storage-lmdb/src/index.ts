export { type Backup, backup, type BackupOptions, type BackupProgress } from './backup.ts'
export { doctor, type FolderDoctorOptions } from './doctor/doctor.ts'
export { lmdb, type LmdbOptions } from './lmdb.ts'
