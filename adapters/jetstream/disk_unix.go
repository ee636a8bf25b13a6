//go:build unix

package jetstream

import (
	"fmt"
	"syscall"
)

// freeBytes is what a folder's disk has left for us.
func freeBytes(dir string) (int64, error) {
	s, err := disk(dir)
	return int64(s.Bavail) * int64(s.Bsize), err
}

// diskBytes is how large a folder's disk is; zero when it is not known.
func diskBytes(dir string) (int64, error) {
	s, err := disk(dir)
	return int64(s.Blocks) * int64(s.Bsize), err
}

func disk(dir string) (s syscall.Statfs_t, err error) {
	if err := syscall.Statfs(dir, &s); err != nil {
		return s, fmt.Errorf("ask how full the disk of %s is: %w", dir, err)
	}
	return s, nil
}
