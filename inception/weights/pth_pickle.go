package weights

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"math"
	"unicode/utf8"
)

// maxPickle bounds the pickle of a .pth file, which holds names and shapes and no numbers: some 20,000 tensors. Its values
// take many times its length in memory.
const maxPickle = 4 << 20

// What a pickle's stack holds: nil, bool, int64, float64, string, pyTuple, *pyList, *pyDict, global, *storage, *pthTensor.
type (
	pyTuple []any
	pyList  struct{ items []any }
	pyDict  struct{ keys, values []any }
	global  string // what "module.name" stands for; never looked up
)

// get is the last value that was given to key.
func (d *pyDict) get(key string) any {
	for i := len(d.keys) - 1; i >= 0; i-- {
		if d.keys[i] == key {
			return d.values[i]
		}
	}
	return nil
}

// unpickler runs a pickle: a program for a stack machine. Pickles can name any function of any module to be called; this
// machine knows the few that a state dict needs (see reduce) and no others. It has no jumps: it ends with its input.
type unpickler struct {
	left  []byte // of the program
	stack []any
	marks []int // lengths that the stack had
	memo  map[uint32]any
}

// unpickle gives the value that a pickle of protocol 2 to 5 builds.
func unpickle(data []byte) (any, error) {
	if len(data) > maxPickle {
		return nil, fmt.Errorf("pickle of %d bytes is longer than the %d allowed", len(data), maxPickle)
	}
	u := unpickler{left: data, memo: map[uint32]any{}}
	for {
		at := len(data) - len(u.left)
		op, err := u.take(1)
		if err == nil && op[0] == '.' { // STOP
			return u.pop()
		}
		if err == nil {
			err = u.step(op[0])
		}
		if err != nil {
			return nil, fmt.Errorf("pickle, byte %d: %w", at, err)
		}
	}
}

// step runs one instruction. The names are those of Python's pickletools.
func (u *unpickler) step(op byte) error {
	switch op {
	case 0x80: // PROTO
		v, err := u.uint(1)
		if err == nil && (v < 2 || v > 5) {
			err = fmt.Errorf("protocol %d is not supported", v)
		}
		return err
	case 0x95: // FRAME: its length is of no use here
		_, err := u.take(8)
		return err

	case 'N': // NONE
		u.push(nil)
	case 0x88, 0x89: // NEWTRUE, NEWFALSE
		u.push(op == 0x88)
	case 'J': // BININT
		v, err := u.uint(4)
		u.push(int64(int32(v)))
		return err
	case 'K', 'M': // BININT1, BININT2
		v, err := u.uint(map[byte]int{'K': 1, 'M': 2}[op])
		u.push(int64(v))
		return err
	case 0x8a: // LONG1
		return u.long()
	case 'G': // BINFLOAT, big-endian
		b, err := u.take(8)
		if err == nil {
			u.push(math.Float64frombits(binary.BigEndian.Uint64(b)))
		}
		return err
	case 'X', 0x8c: // BINUNICODE, SHORT_BINUNICODE
		s, err := u.text(map[byte]int{'X': 4, 0x8c: 1}[op])
		u.push(s)
		return err

	case '(': // MARK
		u.marks = append(u.marks, len(u.stack))
	case ')': // EMPTY_TUPLE
		u.push(pyTuple(nil))
	case 0x85, 0x86, 0x87: // TUPLE1, TUPLE2, TUPLE3
		items, err := u.popN(int(op) - 0x84)
		u.push(pyTuple(items))
		return err
	case 't': // TUPLE
		items, err := u.popMark()
		u.push(pyTuple(items))
		return err
	case ']': // EMPTY_LIST
		u.push(&pyList{})
	case 'a', 'e': // APPEND, APPENDS
		items, err := u.arguments(op == 'e', 1)
		if err != nil {
			return err
		}
		l, err := top[*pyList](u)
		if err == nil {
			l.items = append(l.items, items...)
		}
		return err
	case '}': // EMPTY_DICT
		u.push(&pyDict{})
	case 's', 'u': // SETITEM, SETITEMS
		items, err := u.arguments(op == 'u', 2)
		if err != nil {
			return err
		}
		d, err := top[*pyDict](u)
		if err == nil && len(items)%2 != 0 {
			err = fmt.Errorf("a key without a value")
		}
		if err != nil {
			return err
		}
		for i := 0; i < len(items); i += 2 {
			d.keys, d.values = append(d.keys, items[i]), append(d.values, items[i+1])
		}
	case 'b': // BUILD: the attributes of an OrderedDict, its _metadata, which are dropped
		if _, err := u.pop(); err != nil {
			return err
		}
		_, err := top[*pyDict](u)
		return err

	case 'q', 'r': // BINPUT, LONG_BINPUT
		k, err := u.uint(map[byte]int{'q': 1, 'r': 4}[op])
		if err != nil {
			return err
		}
		return u.remember(uint32(k))
	case 0x94: // MEMOIZE
		return u.remember(uint32(len(u.memo)))
	case 'h', 'j': // BINGET, LONG_BINGET
		k, err := u.uint(map[byte]int{'h': 1, 'j': 4}[op])
		if err != nil {
			return err
		}
		v, ok := u.memo[uint32(k)]
		if !ok {
			return fmt.Errorf("reads memo %d, which is empty", k)
		}
		u.push(v)

	case 'c': // GLOBAL
		module, err := u.line()
		if err != nil {
			return err
		}
		name, err := u.line()
		if err != nil {
			return err
		}
		return u.global(module, name)
	case 0x93: // STACK_GLOBAL
		v, err := u.popN(2)
		if err != nil {
			return err
		}
		module, ok1 := v[0].(string)
		name, ok2 := v[1].(string)
		if !ok1 || !ok2 {
			return fmt.Errorf("a global's name is not text")
		}
		return u.global(module, name)
	case 'R': // REDUCE
		v, err := u.popN(2)
		if err != nil {
			return err
		}
		f, ok1 := v[0].(global)
		args, ok2 := v[1].(pyTuple)
		if !ok1 || !ok2 {
			return fmt.Errorf("calls what is no function")
		}
		r, err := reduce(f, args)
		u.push(r)
		return err
	case 'Q': // BINPERSID
		v, err := u.pop()
		if err != nil {
			return err
		}
		s, err := newStorage(v)
		u.push(s)
		return err

	default:
		return fmt.Errorf("instruction %#02x is not one that a state dict needs", op)
	}
	return nil
}

// global pushes a name, if it is one that a state dict needs.
func (u *unpickler) global(module, name string) error {
	g := global(module + "." + name)
	if _, ok := storageTypes[g]; !ok && g != orderedDict && g != rebuildTensor && g != rebuildParameter {
		return fmt.Errorf("it uses %s: only a state dict is read, which needs no such thing; in Python: torch.save(model.state_dict(), PATH)", quote(string(g)))
	}
	u.push(g)
	return nil
}

func (u *unpickler) push(v any) { u.stack = append(u.stack, v) }

func (u *unpickler) pop() (any, error) {
	v, err := u.popN(1)
	if err != nil {
		return nil, err
	}
	return v[0], nil
}

// popN takes the n values above the last mark. They are the caller's.
func (u *unpickler) popN(n int) ([]any, error) {
	floor := 0
	if len(u.marks) > 0 {
		floor = u.marks[len(u.marks)-1]
	}
	if len(u.stack)-floor < n {
		return nil, fmt.Errorf("takes %d values from a stack of %d", n, len(u.stack)-floor)
	}
	return u.cut(len(u.stack) - n), nil
}

// popMark takes all values above the last mark, and the mark.
func (u *unpickler) popMark() ([]any, error) {
	if len(u.marks) == 0 {
		return nil, fmt.Errorf("no mark on the stack")
	}
	n := u.marks[len(u.marks)-1]
	u.marks = u.marks[:len(u.marks)-1]
	return u.cut(n), nil
}

// arguments is popMark or, for the instruction's short form, popN(n).
func (u *unpickler) arguments(marked bool, n int) ([]any, error) {
	if marked {
		return u.popMark()
	}
	return u.popN(n)
}

func (u *unpickler) cut(n int) []any {
	items := append([]any(nil), u.stack[n:]...)
	u.stack = u.stack[:n]
	return items
}

// top is the value on top of the stack, which stays there.
func top[T any](u *unpickler) (T, error) {
	v, err := u.pop()
	if err != nil {
		var none T
		return none, err
	}
	u.push(v)
	t, ok := v.(T)
	if !ok {
		return t, fmt.Errorf("changes a %T as if it were a %T", v, t)
	}
	return t, nil
}

func (u *unpickler) remember(k uint32) error {
	v, err := top[any](u)
	if err == nil {
		u.memo[k] = v
	}
	return err
}

// take is the next n bytes of the program.
func (u *unpickler) take(n int) ([]byte, error) {
	if n > len(u.left) {
		return nil, fmt.Errorf("needs %d more bytes, has %d: truncated or damaged", n, len(u.left))
	}
	b := u.left[:n]
	u.left = u.left[n:]
	return b, nil
}

// uint is a little-endian number of n ≤ 4 bytes.
func (u *unpickler) uint(n int) (uint32, error) {
	b, err := u.take(n)
	var wide [4]byte
	copy(wide[:], b)
	return binary.LittleEndian.Uint32(wide[:]), err
}

// long pushes a little-endian two's complement number of at most 8 bytes, after a byte with its length.
func (u *unpickler) long() error {
	n, err := u.uint(1)
	if err != nil {
		return err
	}
	if n > 8 {
		return fmt.Errorf("an integer of %d bytes is too large", n)
	}
	b, err := u.take(int(n))
	if err != nil {
		return err
	}
	var v int64
	for i := len(b) - 1; i >= 0; i-- {
		v = v<<8 | int64(b[i])
	}
	unused := 64 - 8*n
	if n == 0 {
		unused = 0
	}
	u.push(v << unused >> unused)
	return nil
}

// text is UTF-8 after its length, a number of n bytes.
func (u *unpickler) text(n int) (string, error) {
	length, err := u.uint(n)
	if err != nil {
		return "", err
	}
	b, err := u.take(int(min(length, math.MaxInt32)))
	if err == nil && !utf8.Valid(b) {
		err = fmt.Errorf("text is not UTF-8: %s", quote(string(b)))
	}
	return string(b), err
}

func (u *unpickler) line() (string, error) {
	i := bytes.IndexByte(u.left, '\n')
	if i < 0 {
		return "", fmt.Errorf("a line has no end: truncated or damaged")
	}
	b, err := u.take(i + 1)
	return string(b[:i]), err
}
