package main

import (
	"context"
	"errors"
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/health/grpc_health_v1"
	"google.golang.org/grpc/metadata"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/reflect/protodesc"
	"google.golang.org/protobuf/types/descriptorpb"

	"inceptiongl/cmd/serve/internal/oip"
)

// TestDescriptor: the protocol's own description is part of what was generated, field by field and method by method.
func TestDescriptor(t *testing.T) {
	data, err := os.ReadFile("internal/oip/grpc_predict_v2.binpb")
	if err != nil {
		t.Fatal(err)
	}
	own := &descriptorpb.FileDescriptorProto{}
	if err := proto.Unmarshal(data, own); err != nil {
		t.Fatal(err)
	}
	made := protodesc.ToFileDescriptorProto(oip.File_grpc_predict_v2_proto)
	fields := 0
	var compare func(path string, own, made []*descriptorpb.DescriptorProto)
	compare = func(path string, own, made []*descriptorpb.DescriptorProto) {
		for _, m := range own {
			i := slices.IndexFunc(made, func(n *descriptorpb.DescriptorProto) bool { return n.GetName() == m.GetName() })
			if i < 0 {
				t.Errorf("%s%s is missing", path, m.GetName())
				continue
			}
			for _, f := range m.Field {
				if !slices.ContainsFunc(made[i].Field, func(g *descriptorpb.FieldDescriptorProto) bool { return proto.Equal(f, g) }) {
					t.Errorf("%s%s: field %v is missing or another", path, m.GetName(), f)
				}
				fields++
			}
			compare(path+m.GetName()+".", m.NestedType, made[i].NestedType)
		}
	}
	compare("", own.MessageType, made.MessageType)
	for _, m := range own.Service[0].Method {
		if !slices.ContainsFunc(made.Service[0].Method, func(n *descriptorpb.MethodDescriptorProto) bool { return proto.Equal(m, n) }) {
			t.Errorf("method %v is missing or another", m)
		}
	}
	if made.GetPackage() != own.GetPackage() || fields < 60 || len(own.Service[0].Method) != 8 {
		t.Errorf("package %s, %d fields, %d methods", made.GetPackage(), fields, len(own.Service[0].Method))
	}
}

// inferRequest is a request for the digits.
func inferRequest(datatype string, shape []int64, raw []byte, contents *oip.InferTensorContents) *oip.ModelInferRequest {
	r := &oip.ModelInferRequest{ModelName: "digits", Id: "my-id", Inputs: []*oip.ModelInferRequest_InferInputTensor{
		{Name: "input", Datatype: datatype, Shape: shape, Contents: contents}}}
	if raw != nil {
		r.RawInputContents = [][]byte{raw}
	}
	return r
}

// TestGRPC: every method, and every way to send tensors.
func TestGRPC(t *testing.T) {
	r := start(t, nil)
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	all := samples(t, 1, 4, 16)
	if a, err := r.grpc.ServerLive(ctx, &oip.ServerLiveRequest{}); err != nil || !a.GetLive() {
		t.Errorf("live: %v, %v", a, err)
	}
	if a, err := r.grpc.ServerReady(ctx, &oip.ServerReadyRequest{}); err != nil || !a.GetReady() {
		t.Errorf("ready: %v, %v", a, err)
	}
	for name, want := range map[string]bool{"digits": true, "nonesuch": false} {
		if a, err := r.grpc.ModelReady(ctx, &oip.ModelReadyRequest{Name: name}); err != nil || a.GetReady() != want {
			t.Errorf("%s is ready: %v, %v", name, a, err)
		}
	}
	if a, err := r.grpc.ServerMetadata(ctx, &oip.ServerMetadataRequest{}); err != nil || a.GetName() != "inceptiongl" || len(a.GetExtensions()) != 3 {
		t.Errorf("metadata: %v, %v", a, err)
	}
	if a, err := r.grpc.ModelMetadata(ctx, &oip.ModelMetadataRequest{Name: "digits"}); err != nil || !slices.Equal(a.GetInputs()[0].GetShape(), []int64{-1, 1, 28, 28}) {
		t.Errorf("metadata: %v, %v", a, err)
	}
	if a, err := grpc_health_v1.NewHealthClient(r.conn).Check(ctx, &grpc_health_v1.HealthCheckRequest{}); err != nil || a.GetStatus() != grpc_health_v1.HealthCheckResponse_SERVING {
		t.Errorf("health: %v, %v", a, err)
	}
	for _, s := range all[:4] {
		levels := make([]uint32, 784)
		for i, v := range s.input {
			levels[i] = uint32(v*255 + 0.5)
		}
		for name, q := range map[string]*oip.ModelInferRequest{
			"raw":       inferRequest("FP32", []int64{1, 1, 28, 28}, raw(s.input), nil),
			"typed":     inferRequest("FP32", []int64{1, 1, 28, 28}, nil, &oip.InferTensorContents{Fp32Contents: s.input}),
			"levels":    inferRequest("UINT8", []int64{1, 1, 28, 28}, nil, &oip.InferTensorContents{UintContents: levels}),
			"a picture": inferRequest("BYTES", []int64{1}, nil, &oip.InferTensorContents{BytesContents: [][]byte{s.PNG}}),
		} {
			a, err := r.grpc.ModelInfer(ctx, q)
			if err != nil {
				t.Errorf("%s as %s: %v", s.Name, name, err)
				continue
			}
			scores := a.GetOutputs()[0].GetContents().GetFp32Contents()
			if name == "raw" {
				scores = numbers(a.GetRawOutputContents()[0])
			}
			if !s.right(scores) || a.GetId() != "my-id" || a.GetModelVersion() != "1" {
				t.Errorf("%s as %s: %v", s.Name, name, a)
			}
		}
	}
	q := inferRequest("FP32", []int64{1, 1, 28, 28}, raw(all[0].input), nil)
	q.Outputs = []*oip.ModelInferRequest_InferRequestedOutputTensor{{Name: "fc",
		Parameters: map[string]*oip.InferParameter{"classification": {ParameterChoice: &oip.InferParameter_Int64Param{Int64Param: 2}}}}}
	a, err := r.grpc.ModelInfer(ctx, q)
	if err != nil || !slices.Equal(a.GetOutputs()[0].GetShape(), []int64{1, 2}) || !strings.Contains(string(a.GetRawOutputContents()[0]), ":0:0") {
		t.Errorf("classes: %v, %v", a, err)
	}
	if a, err := r.grpc.RepositoryIndex(ctx, &oip.RepositoryIndexRequest{}); err != nil || len(a.GetModels()) != 1 || a.GetModels()[0].GetState() != "READY" {
		t.Errorf("index: %v, %v", a, err)
	}
	// KServe's clients have the name in the first field, Triton's in the second.
	if a, err := r.grpc.RepositoryModelUnload(ctx, &oip.RepositoryModelUnloadRequest{ModelName: "digits"}); err != nil || !a.GetIsUnloaded() {
		t.Errorf("unload: %v, %v", a, err)
	}
	if _, err := r.grpc.ModelInfer(ctx, q); status.Code(err) != codes.NotFound {
		t.Errorf("unloaded: %v", err)
	}
	if a, err := r.grpc.RepositoryModelLoad(ctx, &oip.RepositoryModelLoadRequest{TritonModelName: "digits"}); err != nil || !a.GetIsLoaded() {
		t.Errorf("load: %v, %v", a, err)
	}
	if _, err := r.grpc.ModelInfer(ctx, q); err != nil {
		t.Errorf("loaded again: %v", err)
	}
}

// TestGRPCErrors: what is wrong has the code that fits.
func TestGRPCErrors(t *testing.T) {
	r := start(t, nil, "--max-body=1")
	one := []int64{1, 1, 28, 28}
	zeros := make([]float32, 784)
	with := func(q *oip.ModelInferRequest, change func(*oip.ModelInferRequest)) *oip.ModelInferRequest {
		change(q)
		return q
	}
	for name, c := range map[string]struct {
		q    *oip.ModelInferRequest
		code codes.Code
		says string
	}{
		"nothing":        {&oip.ModelInferRequest{}, codes.NotFound, "no model"},
		"another model":  {&oip.ModelInferRequest{ModelName: "../../etc"}, codes.NotFound, "no model"},
		"no input":       {&oip.ModelInferRequest{ModelName: "digits"}, codes.InvalidArgument, "one input"},
		"another shape":  {inferRequest("FP32", []int64{1, 3, 28, 28}, make([]byte, 4*3*784), nil), codes.InvalidArgument, "[-1 1 28 28] is needed"},
		"no contents":    {inferRequest("FP32", one, nil, nil), codes.InvalidArgument, "needs 784 elements, 0 numbers"},
		"few contents":   {inferRequest("FP32", one, nil, &oip.InferTensorContents{Fp32Contents: zeros[1:]}), codes.InvalidArgument, "783 numbers"},
		"other contents": {inferRequest("FP32", one, nil, &oip.InferTensorContents{Fp64Contents: make([]float64, 784)}), codes.InvalidArgument, "0 numbers"},
		"few bytes":      {inferRequest("FP32", one, make([]byte, 3135), nil), codes.InvalidArgument, "needs 3136 bytes, has 3135"},
		"both":           {inferRequest("FP32", one, make([]byte, 3136), &oip.InferTensorContents{Fp32Contents: zeros}), codes.InvalidArgument, "send one of them"},
		"FP16 typed":     {inferRequest("FP16", one, nil, &oip.InferTensorContents{Fp32Contents: zeros}), codes.InvalidArgument, "raw contents"},
		"a level of 256": {inferRequest("UINT8", []int64{1}, nil, &oip.InferTensorContents{UintContents: []uint32{256}}), codes.InvalidArgument, "no UINT8"},
		"INT32":          {inferRequest("INT32", one, nil, nil), codes.InvalidArgument, "are offered"},
		"60,000²":        {inferRequest("BYTES", []int64{1}, nil, &oip.InferTensorContents{BytesContents: [][]byte{hugePNG(60000, 60000)}}), codes.InvalidArgument, "60000×60000"},
		"raw contents of others": {with(inferRequest("FP32", one, make([]byte, 3136), nil), func(q *oip.ModelInferRequest) {
			q.RawInputContents = append(q.RawInputContents, nil)
		}), codes.InvalidArgument, "raw contents of 2"},
		"too large": {inferRequest("FP32", []int64{500, 1, 28, 28}, make([]byte, 500*3136), nil), codes.ResourceExhausted, "larger than max"},
		"no time": {with(inferRequest("FP32", one, make([]byte, 3136), nil), func(q *oip.ModelInferRequest) {
			q.Parameters = map[string]*oip.InferParameter{"timeout": {ParameterChoice: &oip.InferParameter_Int64Param{Int64Param: 1}}}
		}), codes.DeadlineExceeded, "time is over"},
	} {
		_, err := r.grpc.ModelInfer(context.Background(), c.q)
		if status.Code(err) != c.code || !strings.Contains(err.Error(), c.says) {
			t.Errorf("%s: %v, want %v with %q", name, err, c.code, c.says)
		}
	}
	if _, err := r.grpc.RepositoryModelLoad(context.Background(), &oip.RepositoryModelLoadRequest{ModelName: "/etc"}); status.Code(err) != codes.NotFound {
		t.Errorf("load: %v", err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	if _, err := r.grpc.ModelInfer(ctx, inferRequest("FP32", one, make([]byte, 3136), nil)); status.Code(err) != codes.Canceled {
		t.Errorf("cancelled: %v", err)
	}
	if _, err := r.grpc.ModelInfer(context.Background(), inferRequest("FP32", one, make([]byte, 3136), nil)); err != nil {
		t.Errorf("after all that: %v", err)
	}
}

// TestGRPCFull: what is too much is refused at once, with a word on when to come again, and before its message is read where too many
// requests are in.
func TestGRPCFull(t *testing.T) {
	slow := &faulty{hold: make(chan struct{})}
	r := start(t, slow.flags, "--queue=16", "--memory=16", "--max-body=2")
	q := inferRequest("FP32", []int64{16, 1, 28, 28}, make([]byte, 16*3136), nil)
	m, err := r.s.service.Repository.Model("digits", "")
	if err != nil {
		t.Fatal(err)
	}
	slow.held.Store(true)
	ended := make(chan error, 3)
	for i := range int64(3) { // two runs are on their way, one request waits
		go func() { _, err := r.grpc.ModelInfer(context.Background(), q); ended <- err }()
		eventually(t, "it runs, or waits", func() bool { return slow.runs.Load() == min(i+1, 2) && (i < 2 || m.Waiting() == 16) })
	}
	var trailer metadata.MD
	begin := time.Now()
	_, err = r.grpc.ModelInfer(context.Background(), q, grpc.Trailer(&trailer))
	if status.Code(err) != codes.ResourceExhausted || len(trailer.Get("retry-after")) != 1 || len(status.Convert(err).Details()) != 1 || time.Since(begin) > time.Second {
		t.Errorf("%v after %v, trailer %v", err, time.Since(begin), trailer)
	}
	body, header := binary32(make([]float32, 784))
	if a := r.say("/v2/models/digits/infer", body, header); a.status != 503 || a.header.Get("Retry-After") == "" || a.read(t).Error == "" {
		t.Errorf("over HTTP: %d %v %s", a.status, a.header, a.body)
	}
	if err := r.s.service.Ready(); err != nil {
		t.Errorf("a full queue makes the server %v", err)
	}
	slow.held.Store(false)
	close(slow.hold)
	for range 3 {
		if err := <-ended; err != nil {
			t.Error(err)
		}
	}
}

// TestGRPCSlow: requests whose message doesn't come keep nobody out, and are given up; some that come slowly are answered.
func TestGRPCSlow(t *testing.T) {
	r := start(t, func(f *flags) { f.bodyTimeout = time.Second })
	ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
	defer cancel()
	var silent []grpc.ClientStream
	for range 100 {
		s, err := r.conn.NewStream(ctx, &grpc.StreamDesc{ClientStreams: true}, oip.GRPCInferenceService_ModelInfer_FullMethodName)
		if err != nil {
			t.Fatal(err)
		}
		silent = append(silent, s)
	}
	q := inferRequest("FP32", []int64{1, 1, 28, 28}, make([]byte, 3136), nil)
	for range 20 {
		if _, err := r.grpc.ModelInfer(ctx, q); err != nil {
			t.Fatalf("beside silent ones: %v", err)
		}
	}
	begin := time.Now()
	for _, s := range silent {
		var a oip.ModelInferResponse
		if err := s.RecvMsg(&a); status.Code(err) != codes.Canceled {
			t.Fatalf("a silent request ends with %v", err)
		}
	}
	if took := time.Since(begin); took > 5*time.Second {
		t.Errorf("silent requests were given up after %v", took)
	}
	late, err := r.conn.NewStream(ctx, &grpc.StreamDesc{ClientStreams: true}, oip.GRPCInferenceService_ModelInfer_FullMethodName)
	if err != nil {
		t.Fatal(err)
	}
	time.Sleep(500 * time.Millisecond)
	var a oip.ModelInferResponse
	if err := errors.Join(late.SendMsg(q), late.CloseSend(), late.RecvMsg(&a)); err != nil || a.GetModelName() != "digits" {
		t.Errorf("a late message: %v, %v", &a, err)
	}
}
