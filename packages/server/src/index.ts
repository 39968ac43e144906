export { inspectWalls, type WallRow } from '@ash-ai/sandbox';
export { type App, createApp } from './app.ts';
export { BackupFailed } from './backup/archive.ts';
export { type BackedUp, type BackupProgress, backUp } from './backup/backup.ts';
export { type RestoredBackup, restoreBackup } from './backup/restore.ts';
export { findBridge } from './bridge-program.ts';
export { type Config, ConfigInvalid, readConfig, variables } from './config.ts';
export { type RunOptions, runServer } from './main.ts';
export { version } from './version.ts';
