// Package rpc is the Open Inference Protocol over gRPC.
package rpc

import (
	"context"
	"strconv"
	"time"

	"go.opentelemetry.io/otel/propagation"
	"google.golang.org/genproto/googleapis/rpc/errdetails"
	"google.golang.org/grpc"
	"google.golang.org/grpc/health/grpc_health_v1"
	"google.golang.org/grpc/metadata"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/types/known/durationpb"

	"inceptiongl/cmd/serve/internal/budget"
	"inceptiongl/cmd/serve/internal/models"
	"inceptiongl/cmd/serve/internal/oip"
	"inceptiongl/cmd/serve/internal/rest"
	"inceptiongl/cmd/serve/internal/rpc/message"
	"inceptiongl/cmd/serve/internal/service"
	"inceptiongl/cmd/serve/internal/v2"
)

// Register adds the protocol's service, and gRPC's own for health.
func Register(to grpc.ServiceRegistrar, s *service.Service, memory *budget.Budget) {
	oip.RegisterGRPCInferenceServiceServer(to, &server{s: s, memory: memory})
	grpc_health_v1.RegisterHealthServer(to, &health{s: s})
}

// idKey is the metadata of a request's id, and of its answer's.
const idKey = "x-request-id"

type server struct {
	oip.UnimplementedGRPCInferenceServiceServer
	s      *service.Service
	memory *budget.Budget
}

func (s *server) ServerLive(context.Context, *oip.ServerLiveRequest) (*oip.ServerLiveResponse, error) {
	return &oip.ServerLiveResponse{Live: true}, nil
}

func (s *server) ServerReady(context.Context, *oip.ServerReadyRequest) (*oip.ServerReadyResponse, error) {
	return &oip.ServerReadyResponse{Ready: s.s.Ready() == nil}, nil
}

func (s *server) ModelReady(_ context.Context, r *oip.ModelReadyRequest) (*oip.ModelReadyResponse, error) {
	_, err := s.s.Repository.Model(r.GetName(), r.GetVersion())
	return &oip.ModelReadyResponse{Ready: err == nil}, nil
}

func (s *server) ServerMetadata(context.Context, *oip.ServerMetadataRequest) (*oip.ServerMetadataResponse, error) {
	m := service.Metadata()
	return &oip.ServerMetadataResponse{Name: m.Name, Version: m.Version, Extensions: m.Extensions}, nil
}

func (s *server) ModelMetadata(ctx context.Context, r *oip.ModelMetadataRequest) (*oip.ModelMetadataResponse, error) {
	m, err := s.s.Repository.Model(r.GetName(), r.GetVersion())
	if err != nil {
		return nil, fail(ctx, err)
	}
	about := m.Metadata()
	list := func(all []v2.TensorMetadata) (to []*oip.ModelMetadataResponse_TensorMetadata) {
		for _, t := range all {
			to = append(to, &oip.ModelMetadataResponse_TensorMetadata{Name: t.Name, Datatype: t.Datatype, Shape: t.Shape})
		}
		return to
	}
	return &oip.ModelMetadataResponse{Name: about.Name, Versions: about.Versions, Platform: about.Platform,
		Inputs: list(about.Inputs), Outputs: list(about.Outputs)}, nil
}

func (s *server) ModelInfer(ctx context.Context, r *oip.ModelInferRequest) (*oip.ModelInferResponse, error) {
	md, _ := metadata.FromIncomingContext(ctx)
	ctx = service.Propagator.Extract(ctx, carrier(md))
	call := service.Call{Protocol: "grpc", ID: rest.IDFrom(carrier(md).Get(idKey))}
	_ = grpc.SetHeader(ctx, metadata.Pairs(idKey, call.ID)) // it fails where there is no stream, as in tests
	claim := s.memory.Claim()
	defer claim.Close()
	response, _, err := s.s.Infer(ctx, call, r.GetModelName(), r.GetModelVersion(), func(*models.Model) (*v2.Request, error) {
		if err := claim.Take(int64(proto.Size(r))); err != nil {
			return nil, err
		}
		return message.Request(r, claim.Take)
	})
	if err != nil {
		return nil, fail(ctx, err)
	}
	return message.Answer(response, len(r.GetRawInputContents()) > 0), nil
}

func (s *server) RepositoryIndex(_ context.Context, r *oip.RepositoryIndexRequest) (*oip.RepositoryIndexResponse, error) {
	all := &oip.RepositoryIndexResponse{}
	for _, e := range s.s.Repository.Index(r.GetReady()) {
		all.Models = append(all.Models, &oip.RepositoryIndexResponse_ModelIndex{Name: e.Name, Version: e.Version, State: string(e.State), Reason: e.Reason})
	}
	return all, nil
}

// named is the model that a request names: Triton's clients have the repository's name, which is empty, in its place.
func named(r interface {
	GetTritonModelName() string
	GetModelName() string
}) string {
	if name := r.GetTritonModelName(); name != "" {
		return name
	}
	return r.GetModelName()
}

func (s *server) RepositoryModelLoad(ctx context.Context, r *oip.RepositoryModelLoadRequest) (*oip.RepositoryModelLoadResponse, error) {
	name := named(r)
	if err := s.s.Repository.Load(context.WithoutCancel(ctx), name); err != nil { // half a model is of no use
		return nil, fail(ctx, err)
	}
	return &oip.RepositoryModelLoadResponse{ModelName: name, IsLoaded: true}, nil
}

func (s *server) RepositoryModelUnload(ctx context.Context, r *oip.RepositoryModelUnloadRequest) (*oip.RepositoryModelUnloadResponse, error) {
	name := named(r)
	if err := s.s.Repository.Unload(name); err != nil {
		return nil, fail(ctx, err)
	}
	return &oip.RepositoryModelUnloadResponse{ModelName: name, IsUnloaded: true}, nil
}

// health answers Kubernetes' probes.
type health struct {
	grpc_health_v1.UnimplementedHealthServer
	s *service.Service
}

func (h *health) Check(context.Context, *grpc_health_v1.HealthCheckRequest) (*grpc_health_v1.HealthCheckResponse, error) {
	serving := grpc_health_v1.HealthCheckResponse_SERVING
	if h.s.Ready() != nil {
		serving = grpc_health_v1.HealthCheckResponse_NOT_SERVING
	}
	return &grpc_health_v1.HealthCheckResponse{Status: serving}, nil
}

// carrier is metadata for OpenTelemetry.
type carrier metadata.MD

var _ propagation.TextMapCarrier = carrier{}

func (c carrier) Get(key string) string {
	if v := metadata.MD(c).Get(key); len(v) > 0 {
		return v[0]
	}
	return ""
}

func (c carrier) Set(key, value string) { metadata.MD(c).Set(key, value) }

func (c carrier) Keys() []string {
	var all []string
	for k := range c {
		all = append(all, k)
	}
	return all
}

// fail is an error as gRPC has it. When to try again is said as Google's details have it, and in a trailer as HTTP does.
func fail(ctx context.Context, err error) error {
	e := v2.AsError(err)
	st := status.New(service.KindOf(e.Code).GRPC, e.Message)
	if e.RetryAfter > 0 {
		seconds := int((e.RetryAfter + time.Second - 1) / time.Second)
		_ = grpc.SetTrailer(ctx, metadata.Pairs("retry-after", strconv.Itoa(seconds))) // outside of a server there is none
		if with, err := st.WithDetails(&errdetails.RetryInfo{RetryDelay: durationpb.New(e.RetryAfter)}); err == nil {
			st = with
		}
	}
	return st.Err()
}
