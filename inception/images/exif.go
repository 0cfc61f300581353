package images

import (
	"bytes"
	"encoding/binary"
)

// orientation is the EXIF orientation, 1 to 8, that a JPEG, PNG or WebP file carries; 1 where it has none or it is damaged.
func orientation(data []byte, format string) int {
	var tiff []byte
	switch format {
	case "jpeg":
		tiff = jpegExif(data)
	case "png":
		tiff = pngExif(data)
	case "webp":
		for kind, chunk := range riffChunks(data) {
			if kind == "EXIF" {
				tiff = chunk
				break
			}
		}
	}
	tiff = bytes.TrimPrefix(tiff, exifMark) // JPEG's mark; some write it into WebP too
	return tiffOrientation(tiff)
}

var exifMark = []byte("Exif\x00\x00")

// jpegExif finds the segment APP1 that holds EXIF. Segments are FF, marker, length (big-endian, itself included), content.
func jpegExif(data []byte) []byte {
	const soi, app1, sos = 0xd8, 0xe1, 0xda
	if !bytes.HasPrefix(data, []byte{0xff, soi}) {
		return nil
	}
	for at := 2; at+4 <= len(data) && data[at] == 0xff; {
		marker := data[at+1]
		if marker == 0xff { // a fill byte
			at++
			continue
		}
		if marker == sos {
			return nil
		}
		n := int(binary.BigEndian.Uint16(data[at+2:]))
		if n < 2 || at+2+n > len(data) {
			return nil
		}
		if content := data[at+4 : at+2+n]; marker == app1 && bytes.HasPrefix(content, exifMark) {
			return content
		}
		at += 2 + n
	}
	return nil
}

// pngExif finds the chunk eXIf. Chunks are length (big-endian, of the content), type, content, checksum.
func pngExif(data []byte) []byte {
	for at := 8; at+12 <= len(data); {
		n := int64(binary.BigEndian.Uint32(data[at:]))
		if n > int64(len(data)-at-12) {
			return nil
		}
		if string(data[at+4:at+8]) == "eXIf" {
			return data[at+8 : at+8+int(n)]
		}
		at += 12 + int(n)
	}
	return nil
}

// riffChunks yields a WebP file's chunks: type, length (little-endian), content, padded to an even length.
func riffChunks(data []byte) func(yield func(kind string, content []byte) bool) {
	return func(yield func(string, []byte) bool) {
		for at := 12; at+8 <= len(data); {
			n := int64(binary.LittleEndian.Uint32(data[at+4:]))
			end := min(int64(at)+8+n, int64(len(data))) // a truncated last chunk is still looked at
			if !yield(string(data[at:at+4]), data[at+8:end]) {
				return
			}
			at = int(end + n&1)
		}
	}
}

// tiffOrientation reads tag 274 of the first directory of a TIFF block: byte order, 42, the directory's offset; there a
// count, and entries of tag, type, count, value.
func tiffOrientation(b []byte) int {
	const upright, tagOrientation, typeShort = 1, 274, 3
	var order binary.ByteOrder
	switch {
	case bytes.HasPrefix(b, []byte("II*\x00")):
		order = binary.LittleEndian
	case bytes.HasPrefix(b, []byte("MM\x00*")):
		order = binary.BigEndian
	default:
		return upright
	}
	if len(b) < 8 {
		return upright
	}
	at := int64(order.Uint32(b[4:]))
	if at+2 > int64(len(b)) {
		return upright
	}
	dir := b[at+2:]
	for range order.Uint16(b[at:]) {
		if len(dir) < 12 {
			return upright
		}
		if order.Uint16(dir) == tagOrientation {
			v := int(order.Uint16(dir[8:]))
			if order.Uint16(dir[2:]) != typeShort || order.Uint32(dir[4:]) != 1 || v < 1 || v > 8 {
				return upright
			}
			return v
		}
		dir = dir[12:]
	}
	return upright
}
