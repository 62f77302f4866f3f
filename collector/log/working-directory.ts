/** Whether the directory this process works in is still there: Node starts no thread in one that was deleted. */
export function hasWorkingDirectory(): boolean {
  try {
    process.cwd();
    return true;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return false;
    throw error;
  }
}
