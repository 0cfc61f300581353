package service

import (
	"context"
	"fmt"
	"os"
	"strings"
	"time"

	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/codes"
	"go.opentelemetry.io/otel/exporters/otlp/otlptrace/otlptracegrpc"
	"go.opentelemetry.io/otel/exporters/otlp/otlptrace/otlptracehttp"
	"go.opentelemetry.io/otel/propagation"
	"go.opentelemetry.io/otel/sdk/resource"
	sdktrace "go.opentelemetry.io/otel/sdk/trace"
	"go.opentelemetry.io/otel/trace"
	"go.opentelemetry.io/otel/trace/noop"

	"inceptiongl/cmd/serve/internal/models"
)

// Propagator reads who called from headers, as W3C has them.
var Propagator propagation.TextMapPropagator = propagation.TraceContext{}

// NewTracer follows OpenTelemetry's environment variables: traces go out where OTEL_TRACES_EXPORTER is otlp or an endpoint is given,
// by the protocol of OTEL_EXPORTER_OTLP_PROTOCOL. The second result ends it.
func NewTracer(ctx context.Context) (trace.Tracer, func(context.Context) error, error) {
	none := func(context.Context) error { return nil }
	first := func(names ...string) string {
		for _, n := range names {
			if v := os.Getenv(n); v != "" {
				return v
			}
		}
		return ""
	}
	kind := os.Getenv("OTEL_TRACES_EXPORTER")
	endpoint := first("OTEL_EXPORTER_OTLP_TRACES_ENDPOINT", "OTEL_EXPORTER_OTLP_ENDPOINT")
	switch {
	case strings.EqualFold(os.Getenv("OTEL_SDK_DISABLED"), "true"), kind == "none", kind == "" && endpoint == "":
		return noop.NewTracerProvider().Tracer(Name), none, nil
	case kind != "" && kind != "otlp":
		return nil, nil, fmt.Errorf("OTEL_TRACES_EXPORTER=%s: otlp and none are offered", kind)
	}
	var exporter sdktrace.SpanExporter
	var err error
	switch protocol := first("OTEL_EXPORTER_OTLP_TRACES_PROTOCOL", "OTEL_EXPORTER_OTLP_PROTOCOL"); protocol {
	case "", "http/protobuf":
		exporter, err = otlptracehttp.New(ctx)
	case "grpc":
		exporter, err = otlptracegrpc.New(ctx)
	default:
		return nil, nil, fmt.Errorf("OTEL_EXPORTER_OTLP_PROTOCOL=%s: http/protobuf and grpc are offered", protocol)
	}
	if err != nil {
		return nil, nil, fmt.Errorf("traces: %w", err)
	}
	about, err := resource.New(ctx, resource.WithAttributes(attribute.String("service.name", Name), attribute.String("service.version", version())),
		resource.WithFromEnv(), resource.WithTelemetrySDK())
	if err != nil {
		return nil, nil, fmt.Errorf("traces: %w", err)
	}
	p := sdktrace.NewTracerProvider(sdktrace.WithBatcher(exporter), sdktrace.WithResource(about))
	return p.Tracer(Name), p.Shutdown, nil
}

// annotate says of a request's span what is known at its end, and adds a span for each stage.
func annotate(span trace.Span, begin time.Time, model string, c Call, t models.Times, err error) {
	if !span.IsRecording() {
		return
	}
	span.SetAttributes(attribute.String("model", model), attribute.String("protocol", c.Protocol), attribute.String("request.id", c.ID),
		attribute.Int("images", t.Images), attribute.Int("batch", t.Batch))
	if err != nil {
		span.SetStatus(codes.Error, err.Error())
	}
	ctx := trace.ContextWithSpan(context.Background(), span)
	tracer := span.TracerProvider().Tracer(Name)
	at := begin
	for _, stage := range []struct {
		name string
		took time.Duration
	}{{"decode", t.Decode}, {"wait", t.Wait}, {"run", t.Run}, {"encode", t.Encode}} {
		if stage.took > 0 {
			_, s := tracer.Start(ctx, stage.name, trace.WithTimestamp(at))
			at = at.Add(stage.took)
			s.End(trace.WithTimestamp(at))
		}
	}
}
