package weights

import (
	"encoding/binary"
	"fmt"
	"io"
	"math"
	"slices"
	"strconv"
	"strings"

	"inceptiongl/inception/files"
	"inceptiongl/inception/tensor"
)

// WriteNpy writes data, of the given dimensions, as a float32 .npy file. The file appears whole or not at all.
func WriteNpy(path string, dims []int, data []float32) error {
	err := files.Write(path, func(w io.Writer) error { return encodeNpy(w, dims, data) })
	if err != nil {
		return fmt.Errorf("weights: %w", err)
	}
	return nil
}

// WriteNpyInts is WriteNpy for integers, as int64.
func WriteNpyInts(path string, dims []int, data []int64) error {
	err := files.Write(path, func(w io.Writer) error {
		raw := make([]byte, 0, 8*len(data))
		for _, v := range data {
			raw = binary.LittleEndian.AppendUint64(raw, uint64(v))
		}
		return encodeRaw(w, "<i8", dims, len(data), raw)
	})
	if err != nil {
		return fmt.Errorf("weights: %w", err)
	}
	return nil
}

// EncodeNpy is WriteNpy to a writer.
func EncodeNpy(w io.Writer, dims []int, data []float32) error {
	if err := encodeNpy(w, dims, data); err != nil {
		return fmt.Errorf("weights: %w", err)
	}
	return nil
}

func encodeNpy(w io.Writer, dims []int, data []float32) error {
	return encodeRaw(w, "<f4", dims, len(data), f32View{tensor.Array{Data: data}}.Data())
}

// encodeRaw writes elements of a type, as they are.
func encodeRaw(w io.Writer, descr string, dims []int, elements int, raw []byte) error {
	if n, err := count(dims); err != nil || n != elements {
		return fmt.Errorf("dimensions %v don't fit %d elements", dims, elements)
	}
	// npyio writes one-dimensional slices only, so the header is written here: magic, version 1.0, the dictionary padded
	// so that the data starts at a multiple of 64.
	tuple := ""
	for _, d := range dims {
		tuple += strconv.Itoa(d) + ", "
	}
	if len(dims) > 1 {
		tuple = strings.TrimSuffix(tuple, ", ")
	} else {
		tuple = strings.TrimSuffix(tuple, " ")
	}
	dict := "{'descr': '" + descr + "', 'fortran_order': False, 'shape': (" + tuple + "), }"
	dict += strings.Repeat(" ", 63-(10+len(dict))%64) + "\n"
	if len(dict) > math.MaxUint16 {
		return fmt.Errorf("%d dimensions are too many", len(dims))
	}
	head := slices.Concat([]byte("\x93NUMPY\x01\x00"), binary.LittleEndian.AppendUint16(nil, uint16(len(dict))), []byte(dict))
	if _, err := w.Write(head); err != nil {
		return err
	}
	_, err := w.Write(raw)
	return err
}
