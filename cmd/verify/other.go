package main

import (
	"context"
	_ "embed"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"

	"inceptiongl/cmd/internal/pyscript"
	"inceptiongl/inception/classify"
	"inceptiongl/inception/tensor"
	"inceptiongl/inception/weights"
)

//go:embed onnxruntime.py
var onnxRuntimeScript []byte

// otherRuntime is another program that computes the same model; nil where none is asked for.
type otherRuntime struct {
	dir    string
	script *pyscript.Script
	about  string
}

// otherAnswer is what it gives.
type otherAnswer struct {
	About   string
	outputs []tensor.Array
	half    bool // they are computed in half precision, as the file says
}

// startOther starts what --against names, which computes while we do.
func startOther(ctx context.Context, f *flags, m *classify.Model, in *input) (*otherRuntime, error) {
	if f.Against == "" {
		return nil, nil
	}
	if !strings.EqualFold(filepath.Ext(f.Model), ".onnx") {
		return nil, fmt.Errorf("--against: %s reads .onnx files, not %s", f.Against, f.Model)
	}
	model, err := filepath.Abs(f.Model)
	if err != nil {
		return nil, err
	}
	dir, err := os.MkdirTemp("", "verify-")
	if err != nil {
		return nil, err
	}
	o := &otherRuntime{dir: dir}
	if err := o.start(ctx, f.Python, model, in); err != nil {
		o.close()
		return nil, fmt.Errorf("--against: %w", err)
	}
	return o, nil
}

func (o *otherRuntime) start(ctx context.Context, python, model string, in *input) error {
	script, x := filepath.Join(o.dir, "onnxruntime_cpu.py"), filepath.Join(o.dir, "input.npy")
	if err := os.WriteFile(script, onnxRuntimeScript, 0o600); err != nil {
		return err
	}
	a := in.file()
	if err := weights.WriteNpy(x, a.Dims, a.Data); err != nil {
		return err
	}
	var err error
	if o.script, err = pyscript.Start(ctx, python, script, model, x, o.dir); err != nil {
		return fmt.Errorf("%w: --python names a Python that has the packages numpy and onnxruntime", err)
	}
	var r struct{ Missing, About string }
	if err := o.script.Read(&r); err != nil {
		return err
	}
	if r.Missing != "" {
		return fmt.Errorf("%s (%s): %s -m pip install numpy onnxruntime, or name another --python", r.Missing, python, python)
	}
	o.about = r.About
	return nil
}

// answer waits for the outputs; nil where nothing is asked for.
func (o *otherRuntime) answer() (*otherAnswer, error) {
	if o == nil {
		return nil, nil
	}
	var r struct {
		Outputs int
		Half    bool
		Error   string
	}
	err := o.script.Read(&r)
	if err == nil && r.Error != "" {
		err = errors.New(r.Error)
	}
	if err != nil {
		return nil, fmt.Errorf("--against: %s: %w", o.about, err)
	}
	a := &otherAnswer{About: o.about, half: r.Half}
	for i := range r.Outputs {
		y, err := weights.ReadNpy(filepath.Join(o.dir, strconv.Itoa(i)+".npy"))
		if err != nil {
			return nil, fmt.Errorf("--against: %s: %w", o.about, err)
		}
		a.outputs = append(a.outputs, y)
	}
	if len(a.outputs) == 0 {
		return nil, errors.New("--against: " + o.about + ": no outputs")
	}
	return a, nil
}

func (o *otherRuntime) close() {
	if o == nil {
		return
	}
	if o.script != nil {
		o.script.Close()
	}
	os.RemoveAll(o.dir)
}
