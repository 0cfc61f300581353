package main

import (
	"bytes"
	"compress/gzip"
	"compress/zlib"
	"encoding/base64"
	"encoding/binary"
	"encoding/json"
	"fmt"
	"io"
	"math"
	"net/http"
	"slices"
	"strings"
	"testing"

	"google.golang.org/grpc"
	"google.golang.org/grpc/metadata"

	"inceptiongl/cmd/serve/internal/oip"
)

// TestHTTP: every endpoint, and every way to send and to get tensors.
func TestHTTP(t *testing.T) {
	r := start(t, nil)
	all := samples(t, 1, 4, 16)
	for path, want := range map[string]string{
		"/v2":                                `"extensions":["binary_tensor_data","classification","model_repository"]`,
		"/v2/":                               `"name":"inceptiongl"`,
		"/v2/health/live":                    `{"live":true}`,
		"/v2/health/ready":                   `{"ready":true}`,
		"/v2/models/digits":                  `"inputs":[{"name":"input","datatype":"FP32","shape":[-1,1,28,28]}],"outputs":[{"name":"fc","datatype":"FP32","shape":[-1,10]}]`,
		"/v2/models/digits/versions/1":       `"versions":["1"]`,
		"/v2/models/digits/ready":            `{"name":"digits","ready":true}`,
		"/v2/models/digits/versions/1/ready": `"ready":true`,
	} {
		if a := r.say(path, nil); a.status != http.StatusOK || !strings.Contains(string(a.body), want) {
			t.Errorf("%s: %d %s, want %s", path, a.status, a.body, want)
		}
	}
	for i, s := range all {
		list, err := json.Marshal(s.input)
		if err != nil {
			t.Fatal(err)
		}
		nested := fmt.Sprintf("[[[%s\n]]]", list)
		body, header := binary32(s.input)
		half := make([]byte, 0, 2*784)
		levels := make([]byte, 0, 784)
		for _, v := range s.input {
			half = binary.LittleEndian.AppendUint16(half, toHalf(v))
			levels = append(levels, uint8(v*255+0.5))
		}
		photo := append(binary.LittleEndian.AppendUint32(nil, uint32(len(s.PNG))), s.PNG...)
		binaryOf := func(datatype, shape string, data []byte) ([]byte, string) {
			head := fmt.Sprintf(`{"inputs":[{"name":"input","shape":%s,"datatype":%q,"parameters":{"binary_data_size":%d}}]}`, shape, datatype, len(data))
			return append([]byte(head), data...), fmt.Sprintf("Inference-Header-Content-Length: %d", len(head))
		}
		fp16, header16 := binaryOf("FP16", "[1,1,28,28]", half)
		uint8s, header8 := binaryOf("UINT8", "[1,28,28,1]", levels)
		bytes1, headerBytes := binaryOf("BYTES", "[1]", photo)
		for name, c := range map[string]struct {
			body    []byte
			headers []string
			exact   bool
		}{
			"json":        {jsonOf("FP32", "[1,1,28,28]", string(list)), nil, true},
			"nested json": {jsonOf("FP32", "[1,1,28,28]", nested), nil, true},
			"binary":      {body, []string{header}, true},
			"gzip":        {packed(t, "gzip", body), []string{header, "Content-Encoding: gzip"}, true},
			"deflate":     {packed(t, "deflate", body), []string{header, "Content-Encoding: deflate"}, true},
			"FP16":        {fp16, []string{header16}, false},
			"UINT8":       {uint8s, []string{header8}, true},
			"BYTES":       {bytes1, []string{headerBytes}, true},
			"base64":      {jsonOf("BYTES", "[1,1]", `["`+base64.StdEncoding.EncodeToString(s.PNG)+`"]`), nil, true},
			"a PNG":       {s.PNG, []string{"Content-Type: image/png"}, true},
			"raw bytes":   {s.PNG, []string{"Inference-Header-Content-Length: 0"}, true},
			"raw numbers": {raw(s.input), []string{"Inference-Header-Content-Length: 0"}, true},
		} {
			if i > 1 && name != "json" && name != "BYTES" {
				continue // the rest is the same for all pictures
			}
			a := r.say("/v2/models/digits/infer", c.body, c.headers...)
			var got []float32
			if a.header.Get("Inference-Header-Content-Length") != "" {
				got = numbers(a.body[len(a.body)-40:])
			} else if res := a.read(t); a.status == http.StatusOK {
				got = floats(t, res.Outputs[0].Data)
			}
			if len(got) != 10 || c.exact && !s.right(got) || most(got) != most(s.answers[0]) {
				t.Errorf("%s as %s: %d %.300q, want %v", s.Name, name, a.status, a.body, s.answers[0])
			}
		}
	}
}

// TestOutputs: what is asked for is what comes.
func TestOutputs(t *testing.T) {
	r := start(t, nil)
	all := samples(t, 1, 4, 16)
	var input []float32
	for _, s := range all[:9] {
		input = append(input, s.input...)
	}
	list, err := json.Marshal(input)
	if err != nil {
		t.Fatal(err)
	}
	ask := func(more string) []byte {
		return []byte(fmt.Sprintf(`{"id":"a \"name\"",%s"inputs":[{"name":"input","shape":[9,1,28,28],"datatype":"FP32","data":%s}]}`, more, list))
	}
	a := r.say("/v2/models/digits/infer", ask(`"outputs":[{"name":"fc","parameters":{"classification":2}}],`), "Accept-Encoding: identity")
	res := a.read(t)
	var classes []string
	if err := json.Unmarshal(res.Outputs[0].Data, &classes); err != nil || len(classes) != 18 || res.ID != `a "name"` || res.Outputs[0].Datatype != "BYTES" {
		t.Fatalf("classes: %v, %s", err, a.body)
	}
	for i, s := range all[:9] {
		var value float32
		var index, label int
		best := most(s.answers[0])
		if _, err := fmt.Sscanf(strings.ReplaceAll(classes[2*i], ":", " "), "%g %d %d", &value, &index, &label); err != nil || index != best || label != best ||
			math.Abs(float64(value-s.answers[0][best])) > 1e-3 {
			t.Errorf("%s: %q, %v, want class %d at %v", s.Name, classes[2*i], err, best, s.answers[0][best])
		}
	}
	a = r.say("/v2/models/digits/infer", ask(`"outputs":[{"name":"fc","parameters":{"binary_data":true}}],`))
	got, err := a.scores()
	if err != nil || len(got) != 90 || a.read(t).Outputs[0].Parameters["binary_data_size"] != 360 {
		t.Fatalf("binary: %v, %d numbers", err, len(got))
	}
	for i, s := range all[:9] {
		if !s.right(got[10*i : 10*i+10]) {
			t.Errorf("%s in a batch of 9: %v", s.Name, got[10*i:10*i+10])
		}
	}
	// The client's transport unpacks what it asked for itself; what a header asks for stays packed.
	a = r.say("/v2/models/digits/infer", ask(``), "Accept-Encoding: br, gzip;q=0, deflate")
	if a.header.Get("Content-Encoding") != "" && a.header.Get("Content-Encoding") != "deflate" {
		t.Errorf("packed as %q", a.header.Get("Content-Encoding"))
	}
	wide := strings.Repeat("0,", 784*40-1) + "0"
	a = r.say("/v2/models/digits/infer", jsonOf("FP32", "[40,1,28,28]", "["+wide+"]"), "Accept-Encoding: gzip")
	if a.header.Get("Content-Encoding") != "gzip" {
		t.Fatalf("an answer of 40 images isn't packed: %v", a.header)
	}
	z, err := gzip.NewReader(bytes.NewReader(a.body))
	if err != nil {
		t.Fatal(err)
	}
	if a.body, err = io.ReadAll(z); err != nil || len(floats(t, a.read(t).Outputs[0].Data)) != 400 {
		t.Errorf("unpacked: %v", err)
	}
}

// TestHTTPErrors: what is wrong is told as the protocol does it, with the status that fits, and the next request is answered.
func TestHTTPErrors(t *testing.T) {
	r := start(t, nil, "--max-body=1")
	all := samples(t, 1)
	good, header := binary32(all[0].input)
	zero := "[" + strings.Repeat("0,", 783) + "0]"
	const infer = "/v2/models/digits/infer"
	for name, c := range map[string]struct {
		path    string
		body    []byte
		headers []string
		status  int
		says    string
	}{
		"no such model":      {"/v2/models/nonesuch/infer", good, []string{header}, 404, `no model \"nonesuch\"`},
		"no such version":    {"/v2/models/digits/versions/7/infer", good, []string{header}, 404, "version 1, not"},
		"no such path":       {"/v3", nil, nil, 404, "nothing answers"},
		"another method":     {"/v2/health/live", []byte("{}"), nil, 404, "nothing answers POST"},
		"a way out":          {"/v2/models/../../../etc/passwd", nil, nil, 404, "nothing answers"},
		"an escaped way out": {"/v2/models/..%2f..%2fetc%2fpasswd", nil, nil, 404, "nothing answers"},
		"load, a way out":    {"/v2/repository/models/..%2f..%2ftmp/load", []byte("{}"), nil, 404, "nothing answers"},
		"load, none":         {"/v2/repository/models/other/load", []byte("{}"), nil, 404, "no model"},
		"load, with a file":  {"/v2/repository/models/digits/load", []byte(`{"parameters":{"file:1/model.onnx":"AAAA"}}`), nil, 400, "no parameters"},
		"unload, none":       {"/v2/repository/models/other/unload", []byte("{}"), nil, 404, "no model"},
		"no JSON":            {infer, []byte("not json"), nil, 400, "not the protocol's JSON"},
		"nothing":            {infer, []byte{}, nil, 400, "not the protocol's JSON"},
		"no input":           {infer, []byte("{}"), nil, 400, "one input"},
		"two inputs":         {infer, []byte(`{"inputs":[{"name":"input","shape":[1],"datatype":"FP32","data":[1]},{"name":"b","shape":[1],"datatype":"FP32","data":[1]}]}`), nil, 400, "one input"},
		"another input":      {infer, []byte(`{"inputs":[{"name":"x","shape":[1,1,28,28],"datatype":"FP32","data":` + zero + `}]}`), nil, 400, `its input is \"input\"`},
		"another shape":      {infer, jsonOf("FP32", "[1,1,28,27]", "["+strings.Repeat("0,", 755)+"0]"), nil, 400, "[-1 1 28 28] is needed"},
		"no shape":           {infer, jsonOf("FP32", "[]", "[1]"), nil, 400, "has no shape"},
		"a negative extent":  {infer, jsonOf("FP32", "[-1,1,28,28]", zero), nil, 400, "at least 1"},
		"a huge extent":      {infer, jsonOf("FP32", "[4611686018427387904,1,28,28]", zero), nil, 400, "elements"},
		"a claim":            {infer, jsonOf("FP32", "[2000000,1,28,28]", "[0]"), nil, 400, "needs 1568000000 numbers"},
		"too few numbers":    {infer, jsonOf("FP32", "[2,1,28,28]", zero), nil, 400, "needs 1568 numbers, has 784"},
		"too many numbers":   {infer, jsonOf("FP32", "[1,1,28,28]", "["+zero+","+zero+"]"), nil, 400, "more than 784"},
		"a string":           {infer, jsonOf("FP32", "[1,1,28,28]", strings.Replace(zero, "0", `"a"`, 1)), nil, 400, "no FP32 number"},
		"a number too large": {infer, jsonOf("FP32", "[1,1,28,28]", strings.Replace(zero, "0", "1e39", 1)), nil, 400, "no FP32 number"},
		"null":               {infer, jsonOf("FP32", "[1,1,28,28]", "null"), nil, 400, "has no data"},
		"FP64":               {infer, jsonOf("FP64", "[1,1,28,28]", zero), nil, 400, "FP32, FP16, UINT8 and BYTES are offered"},
		"a level of 256":     {infer, jsonOf("UINT8", "[1,1,28,28]", strings.Replace(zero, "0", "256", 1)), nil, 400, "no UINT8"},
		"no base64":          {infer, jsonOf("BYTES", "[1]", `["%%%"]`), nil, 400, "not base64"},
		"no picture":         {infer, jsonOf("BYTES", "[1]", `["AAAA"]`), nil, 400, "not a JPEG, PNG, GIF, WebP or BMP image"},
		"two pictures":       {infer, jsonOf("BYTES", "[2]", `["`+base64.StdEncoding.EncodeToString(all[0].PNG)+`","AAAA"]`), nil, 400, "picture 1 of 2"},
		"half a picture":     {infer, all[0].PNG[:len(all[0].PNG)/2], []string{"Content-Type: image/png"}, 400, "truncated"},
		"another output":     {infer, []byte(`{"outputs":[{"name":"y"}],"inputs":[{"name":"input","shape":[1,1,28,28],"datatype":"FP32","data":` + zero + `}]}`), nil, 400, `it has [\"fc\"]`},
		"an output twice":    {infer, []byte(`{"outputs":[{"name":"fc"},{"name":"fc"}],"inputs":[{"name":"input","shape":[1,1,28,28],"datatype":"FP32","data":` + zero + `}]}`), nil, 400, "twice"},
		"shared memory":      {infer, []byte(`{"inputs":[{"name":"input","shape":[1,1,28,28],"datatype":"FP32","parameters":{"shared_memory_region":"a"}}]}`), nil, 400, "shared memory"},
		"a length too long":  {infer, good, []string{"Inference-Header-Content-Length: 99999"}, 400, "the body has"},
		"a length of none":   {infer, good, []string{"Inference-Header-Content-Length: -1"}, 400, "not a length"},
		"half a body":        {infer, good[:len(good)-5], []string{header}, 400, "claims 3136 bytes of binary data, 3131 are left"},
		"more than a body":   {infer, append(bytes.Clone(good), 1, 2), []string{header}, 400, "don't add up"},
		"gzip that isn't":    {infer, good, []string{header, "Content-Encoding: gzip"}, 400, "can't be read"},
		"another packing":    {infer, good, []string{header, "Content-Encoding: br"}, 400, "gzip and deflate are offered"},
		"too large":          {infer, make([]byte, 2<<20), nil, 413, "1048576 are allowed"},
		"a bomb":             {infer, packed(t, "gzip", make([]byte, 100<<20)), []string{"Content-Encoding: gzip"}, 413, "1048576 bytes that are allowed"},
		"300 images":         {infer, []byte(`{"inputs":[{"name":"input","shape":[300,1,28,28],"datatype":"UINT8","data":` + zeros(300*784) + `}]}`), nil, 413, "at most 256 in a request"},
		"60,000²":            {infer, hugePNG(60000, 60000), []string{"Content-Type: image/png"}, 400, "the header claims 60000×60000 pixels"},
		"no time":            {infer, []byte(`{"parameters":{"timeout":1},"inputs":[{"name":"input","shape":[1,1,28,28],"datatype":"FP32","data":` + zero + `}]}`), nil, 504, "time is over"},
	} {
		a := r.say(c.path, c.body, c.headers...)
		if res := a.read(t); a.status != c.status || res.Error == "" || !strings.Contains(string(a.body), c.says) {
			t.Errorf("%s: %d %.300s, want %d with %q", name, a.status, a.body, c.status, c.says)
		}
		if a := r.say(infer, good, header); a.status != http.StatusOK {
			t.Fatalf("after %s: %d %s", name, a.status, a.body)
		}
	}
	if used := r.s.memory.Used(); used != 0 {
		t.Errorf("%d bytes of the budget are still held", used)
	}
	nan := append([]float32(nil), all[0].input...)
	nan[5] = float32(math.NaN())
	body, nanHeader := binary32(nan)
	if scores, err := r.say(infer, body, nanHeader).scores(); err != nil || scores[0] == scores[0] {
		t.Errorf("NaN gives %v, %v", scores, err)
	}
	body = []byte(strings.Replace(string(body), `"binary_data_output":true`, `"binary_data_output":false`, 1))
	nanHeader = fmt.Sprintf("Inference-Header-Content-Length: %d", len(body)-len(raw(nan)))
	if a := r.say(infer, body, nanHeader); a.status != 400 || !strings.Contains(string(a.body), "ask for binary data") {
		t.Errorf("NaN in JSON: %d %s", a.status, a.body)
	}
}

// TestRequestID: the client's id is the answer's and the log's, unless it is a trick.
func TestRequestID(t *testing.T) {
	r := start(t, nil, "--log-level=debug")
	s := samples(t, 1)[0]
	if a := r.say("/v2/models/digits/infer", s.PNG, "Content-Type: image/png", "X-Request-Id: my-id.7"); a.header.Get("X-Request-Id") != "my-id.7" {
		t.Errorf("got %q", a.header.Get("X-Request-Id"))
	}
	if !strings.Contains(r.log.String(), `"request_id":"my-id.7"`) {
		t.Error("the log doesn't have it")
	}
	var header metadata.MD
	ctx := metadata.AppendToOutgoingContext(t.Context(), "x-request-id", "my-id.8")
	if _, err := r.grpc.ModelInfer(ctx, inferRequest("BYTES", []int64{1}, nil, &oip.InferTensorContents{BytesContents: [][]byte{s.PNG}}), grpc.Header(&header)); err != nil {
		t.Fatal(err)
	}
	if got := header.Get("x-request-id"); !slices.Equal(got, []string{"my-id.8"}) || !strings.Contains(r.log.String(), `"request_id":"my-id.8"`) {
		t.Errorf("over gRPC it is %q, and in the log %v", got, strings.Contains(r.log.String(), "my-id.8"))
	}
	for _, bad := range []string{"a b", "a\"b", strings.Repeat("a", 101)} {
		if got := r.say("/v2", nil, "X-Request-Id: "+bad).header.Get("X-Request-Id"); len(got) != 16 {
			t.Errorf("%q gives %q", bad, got)
		}
	}
}

// jsonOf is a request for the digits in JSON.
func jsonOf(datatype, shape, data string) []byte {
	return []byte(fmt.Sprintf(`{"inputs":[{"name":"input","shape":%s,"datatype":%q,"data":%s}]}`, shape, datatype, data))
}

// packed is data, packed.
func packed(t *testing.T, how string, data []byte) []byte {
	t.Helper()
	var b bytes.Buffer
	var w io.WriteCloser = gzip.NewWriter(&b)
	if how == "deflate" {
		w = zlib.NewWriter(&b)
	}
	if _, err := w.Write(data); err != nil {
		t.Fatal(err)
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

// most is the index of the largest.
func most(scores []float32) int {
	best := 0
	for i, v := range scores {
		if v > scores[best] {
			best = i
		}
	}
	return best
}

// toHalf is a number in [0, 1] as FP16, rounded towards zero.
func toHalf(v float32) uint16 {
	if v < 0x1p-14 {
		return uint16(v * 0x1p24)
	}
	u := math.Float32bits(v)
	return uint16((u>>23-127+15)<<10 | u>>13&0x3ff)
}
