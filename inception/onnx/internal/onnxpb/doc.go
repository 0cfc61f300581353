// Package onnxpb is generated from onnx.proto of ONNX 1.16 (IR version 10, opset 21), which is Copyright (c) ONNX Project
// Contributors and licensed under the Apache License 2.0: see LICENSE-onnx. The file is unchanged.
package onnxpb

// go install google.golang.org/protobuf/cmd/protoc-gen-go@v1.36.10; apt-get install protobuf-compiler
//go:generate protoc --go_out=. --go_opt=paths=source_relative --go_opt=Monnx.proto=inceptiongl/inception/onnx/internal/onnxpb onnx.proto
