package shaders

import (
	"runtime"
	"sync"
)

// TensorLen is the number of floats of an N×C×H×W tensor in NC4HW4.
func TensorLen(n, c, h, w int) int { return n * groups(c) * 4 * h * w }

// parallelFrom is the number of elements from which a conversion is worth a second core.
const parallelFrom = 1 << 17

// eachGroup calls f for n·C4 channel groups, on all cores where there is much to do.
func eachGroup(count, elements int, f func(i int)) {
	workers := min(runtime.GOMAXPROCS(0), count)
	if elements < parallelFrom || workers < 2 {
		for i := range count {
			f(i)
		}
		return
	}
	var wg sync.WaitGroup
	for w := range workers {
		wg.Add(1)
		go func() {
			defer wg.Done()
			for i := w * count / workers; i < (w+1)*count/workers; i++ {
				f(i)
			}
		}()
	}
	wg.Wait()
}

// PackTensor converts src [n][c][h][w] to NC4HW4 in dst, TensorLen(n, c, h, w) floats.
func PackTensor(dst, src []float32, n, c, h, w int) {
	g, hw := groups(c), h*w
	dst, src = dst[:TensorLen(n, c, h, w)], src[:n*c*hw]
	eachGroup(n*g, len(dst), func(i int) {
		d := dst[i*4*hw:][:4*hw]
		c0 := i % g * 4
		s := src[(i/g*c+c0)*hw:]
		if c-c0 >= 4 {
			a, b, e, f := s[:hw], s[hw:][:hw], s[2*hw:][:hw], s[3*hw:][:hw]
			for j := range a {
				q := d[4*j:][:4:4]
				q[0], q[1], q[2], q[3] = a[j], b[j], e[j], f[j]
			}
			return
		}
		clear(d)
		for lane := range c - c0 {
			for j, v := range s[lane*hw:][:hw] {
				d[4*j+lane] = v
			}
		}
	})
}

// UnpackTensor converts src in NC4HW4 to dst [n][c][h][w].
func UnpackTensor(dst, src []float32, n, c, h, w int) {
	g, hw := groups(c), h*w
	dst, src = dst[:n*c*hw], src[:TensorLen(n, c, h, w)]
	eachGroup(n*g, len(src), func(i int) {
		s := src[i*4*hw:][:4*hw]
		c0 := i % g * 4
		d := dst[(i/g*c+c0)*hw:]
		if c-c0 >= 4 {
			a, b, e, f := d[:hw], d[hw:][:hw], d[2*hw:][:hw], d[3*hw:][:hw]
			for j := range a {
				q := s[4*j:][:4:4]
				a[j], b[j], e[j], f[j] = q[0], q[1], q[2], q[3]
			}
			return
		}
		for lane := range c - c0 {
			p := d[lane*hw:][:hw]
			for j := range p {
				p[j] = s[4*j+lane]
			}
		}
	})
}
