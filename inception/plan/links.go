package plan

import "slices"

// links tell which units read and write each value, so that no rewrite has to look for them. Whoever changes a unit does it by the
// methods here. The lists may name units that have gone or changed since: who reads a list cleans it.
type links struct {
	readers, writers [][]*unit // by value
	reads, writes    []int     // how many there are; a unit that reads a value twice counts twice
	outputs          []int     // how many of the network's outputs a value is
}

// link finds the readers and writers of all values.
func (d *draft) link() {
	n := len(d.values)
	d.links = links{make([][]*unit, n), make([][]*unit, n), make([]int, n), make([]int, n), make([]int, n)}
	for _, v := range d.outputs {
		d.links.outputs[v]++
	}
	for i, u := range d.units {
		u.place = i
		d.attach(u)
	}
}

func (d *draft) attach(u *unit) {
	l := &d.links
	for _, v := range u.inputs() {
		l.readers[v] = append(l.readers[v], u)
		l.reads[v]++
	}
	l.writers[u.out.value] = append(l.writers[u.out.value], u)
	l.writes[u.out.value]++
}

func (d *draft) detach(u *unit) {
	for _, v := range u.inputs() {
		d.links.reads[v]--
	}
	d.links.writes[u.out.value]--
}

// cleaned is a list without repetitions and without units that have gone or of which holds doesn't hold any more.
func cleaned(list []*unit, holds func(*unit) bool) []*unit {
	seen := make(map[*unit]bool, len(list))
	return slices.DeleteFunc(list, func(u *unit) bool {
		drop := u.gone || seen[u] || !holds(u)
		seen[u] = true
		return drop
	})
}

// inputs are the values that u reads.
func (u *unit) inputs() []int {
	if u.in2 == none {
		return []int{u.in}
	}
	return []int{u.in, u.in2}
}

// change lets f change what u reads and writes.
func (d *draft) change(u *unit, f func()) {
	d.detach(u)
	f()
	d.attach(u)
}

// add is a new value.
func (d *draft) add(v value) int {
	d.values = append(d.values, v)
	l := &d.links
	l.readers, l.writers = append(l.readers, nil), append(l.writers, nil)
	l.reads, l.writes, l.outputs = append(l.reads, 0), append(l.writes, 0), append(l.outputs, 0)
	return len(d.values) - 1
}

// remove takes u out; d.units keeps it until compact.
func (d *draft) remove(u *unit) {
	d.detach(u)
	u.gone = true
}

// compact drops the units that were removed.
func (d *draft) compact() {
	d.units = slices.DeleteFunc(d.units, func(u *unit) bool { return u.gone })
}

// uses counts the readers of a value; being an output counts as one.
func (d *draft) uses(v int) int { return d.links.reads[v] + d.links.outputs[v] }

// readers lists the units that read value v, or nil where it is an output too: it must then exist as it is. The list is good until
// something changes.
func (d *draft) readers(v int) []*unit {
	l := &d.links
	if l.outputs[v] > 0 {
		return nil
	}
	l.readers[v] = cleaned(l.readers[v], func(u *unit) bool { return u.in == v || u.in2 == v })
	return slices.Clip(l.readers[v])
}

// writers lists the units that write value v.
func (d *draft) writers(v int) []*unit {
	l := &d.links
	l.writers[v] = cleaned(l.writers[v], func(u *unit) bool { return u.out.value == v })
	return slices.Clip(l.writers[v])
}

// writer is the only unit that writes value v, or nil: for the input, and for a concatenation.
func (d *draft) writer(v int) *unit {
	if d.links.writes[v] != 1 {
		return nil
	}
	return d.writers(v)[0]
}

// removeIf drops the units for which f holds, in order.
func (d *draft) removeIf(f func(*unit) bool) {
	for _, u := range d.units {
		if !u.gone && f(u) {
			d.remove(u)
		}
	}
	d.compact()
}
