//go:build unix

package jetstream

import (
	"fmt"
	"syscall"
)

// freeBytes is what a folder's disk has left for us.
func freeBytes(dir string) (int64, error) {
	var s syscall.Statfs_t
	if err := syscall.Statfs(dir, &s); err != nil {
		return 0, fmt.Errorf("ask how full the disk of %s is: %w", dir, err)
	}
	return int64(s.Bavail) * int64(s.Bsize), nil
}
