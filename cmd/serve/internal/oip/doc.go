// Package oip is the gRPC side of the Open Inference Protocol, version 2: messages, client and server.
//
// It is generated from grpc_predict_v2.binpb, the compiled descriptor that the Python package kserve 0.21.0 carries, unchanged, which
// is Copyright The KServe Authors and licensed under the Apache License 2.0: see LICENCE-kserve. The generator adds what Triton's
// clients need beyond it, on the same field numbers: the list of a repository's models, and the second place of a model's name in
// requests to load and unload it.
package oip

//go:generate go run generate.go
