package images

import (
	"encoding/binary"
	"hash/crc32"
)

// fixPNG puts the checksum of a changed IHDR right.
func fixPNG(data []byte) []byte {
	binary.BigEndian.PutUint32(data[29:], crc32.ChecksumIEEE(data[12:29]))
	return data
}
