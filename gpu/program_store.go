package gpu

import (
	"bytes"
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"strconv"
)

// ProgramStore keeps linked programs from one run of a program to the next, so
// that the driver need not compile them again. Keys are 64 letters and digits. It
// is called from any goroutine, and never on the device's thread. What Get returns
// is checked: a store may lose entries or damage them.
type ProgramStore interface {
	Get(key string) ([]byte, bool)
	Put(key string, b []byte) // b is not changed afterwards
}

// programBinary is what a driver gives and takes (section 7.5).
type programBinary struct {
	format uint32
	data   []byte
}

// programKey tells apart what one binary can't serve: driver, device, source, and whether the code stays inside its buffers: one that
// was made without checks must not serve a context that promises them.
func programKey(inf DeviceInfo, robust bool, s Source) string {
	h := sha256.New()
	for _, part := range append([]string{inf.Vendor, inf.Renderer, inf.Version, strconv.FormatBool(robust)}, s.strings()...) {
		h.Write(binary.LittleEndian.AppendUint64(nil, uint64(len(part))))
		h.Write([]byte(part))
	}
	return hex.EncodeToString(h.Sum(nil))
}

// A stored program: magic with version, then format, length, checksum, data.
const (
	storeMagic  = "iglprog1"
	storeHeader = len(storeMagic) + 4 + 8 + sha256.Size
)

// seal makes the bytes to store.
func (p programBinary) seal(key string) []byte {
	b := make([]byte, 0, storeHeader+len(p.data))
	b = append(b, storeMagic...)
	b = binary.LittleEndian.AppendUint32(b, p.format)
	b = binary.LittleEndian.AppendUint64(b, uint64(len(p.data)))
	b = append(b, p.checksum(key)...)
	return append(b, p.data...)
}

// unseal undoes seal. Bytes that are damaged or were stored under another key never
// reach the driver.
func unseal(key string, b []byte) (p programBinary, ok bool) {
	if len(b) <= storeHeader || string(b[:len(storeMagic)]) != storeMagic {
		return p, false
	}
	rest := b[len(storeMagic):]
	p = programBinary{binary.LittleEndian.Uint32(rest), b[storeHeader:]}
	if binary.LittleEndian.Uint64(rest[4:]) != uint64(len(p.data)) || !bytes.Equal(rest[12:12+sha256.Size], p.checksum(key)) {
		return programBinary{}, false
	}
	return p, true
}

func (p programBinary) checksum(key string) []byte {
	h := sha256.New()
	h.Write([]byte(key))
	h.Write(binary.LittleEndian.AppendUint32(nil, p.format))
	h.Write(p.data)
	return h.Sum(nil)
}
