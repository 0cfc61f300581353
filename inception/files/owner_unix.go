//go:build unix

package files

import (
	"io/fs"
	"os"
	"syscall"
)

// sameOwner gives f the owner of a file, where the system allows it.
func sameOwner(f *os.File, of fs.FileInfo) {
	if s, ok := of.Sys().(*syscall.Stat_t); ok {
		_ = f.Chown(int(s.Uid), int(s.Gid))
	}
}
