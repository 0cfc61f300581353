package main

import (
	"context"
	"crypto/tls"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"runtime"
	"strings"
	"time"

	"golang.org/x/net/netutil"
	"google.golang.org/grpc"
	"google.golang.org/grpc/credentials"
	"google.golang.org/grpc/health/grpc_health_v1"
	"google.golang.org/grpc/keepalive"

	"inceptiongl/cmd/serve/internal/budget"
	"inceptiongl/cmd/serve/internal/guard"
	"inceptiongl/cmd/serve/internal/models"
	"inceptiongl/cmd/serve/internal/oip"
	"inceptiongl/cmd/serve/internal/rpc"
	"inceptiongl/cmd/serve/internal/service"
	"inceptiongl/gpu"
	"inceptiongl/inception/images"
)

// server is all that runs.
type server struct {
	f       *flags
	log     *slog.Logger
	service *service.Service
	memory  *budget.Budget // of requests: a quarter; half is for decoding, a quarter for messages that gRPC is reading

	http    *http.Server
	httpAt  net.Listener
	grpc    *grpc.Server
	grpcAt  net.Listener // nil: off
	page    string       // its address
	endings []func()     // of what was begun, last first
}

// newServer makes all that can fail: devices, keys, listeners. Models are loaded once it serves.
func newServer(ctx context.Context, f *flags, log io.Writer) (_ *server, err error) {
	var level slog.Level
	if err := level.UnmarshalText([]byte(f.LogLevel)); err != nil {
		return nil, err
	}
	s := &server{f: f, log: slog.New(slog.NewJSONHandler(log, &slog.HandlerOptions{Level: level})), memory: budget.New(f.Memory << 20 / 4)}
	defer func() {
		if err != nil {
			s.close()
		}
	}()
	var tokens *guard.Tokens
	if f.Tokens != "" {
		if tokens, err = guard.NewTokens(f.Tokens, s.log); err != nil {
			return nil, fmt.Errorf("--tokens: %w", err)
		}
	}
	tlsConfig, err := f.tls(s.log)
	if err != nil {
		return nil, err
	}
	if s.httpAt, err = s.listen(ctx, "--http", f.HTTP); err != nil {
		return nil, err
	}
	if f.GRPC != "off" && f.GRPC != "" {
		if s.grpcAt, err = s.listen(ctx, "--grpc", f.GRPC); err != nil {
			return nil, err
		}
	}
	if err := s.start(ctx); err != nil {
		return nil, err
	}
	s.page = address("http", s.httpAt)
	if tlsConfig != nil {
		s.page = address("https", s.httpAt)
		s.httpAt = tls.NewListener(s.httpAt, tlsConfig)
	}
	if public(f.HTTP) && tokens == nil && f.ClientCA == "" {
		s.log.Warn("everybody who reaches this machine may ask: --tokens or --client-ca limit that", "http", f.HTTP)
	}
	s.http = s.newHTTP(tokens)
	s.grpc = s.newGRPC(tokens, tlsConfig)
	return s, nil
}

// start opens the devices and makes the service.
func (s *server) start(ctx context.Context) error {
	f := s.f
	tracer, endTraces, err := service.NewTracer(ctx)
	if err != nil {
		return err
	}
	s.endings = append(s.endings, func() {
		ctx, cancel := context.WithTimeout(context.Background(), 5*time.Second)
		defer cancel()
		if err := endTraces(ctx); err != nil {
			s.log.Warn("traces were lost", "error", err.Error())
		}
	})
	specs, err := f.specs()
	if err != nil {
		return err
	}
	devices := f.open
	if devices == nil {
		if devices, err = f.devices(ctx); err != nil {
			return err
		}
	}
	limits := images.DefaultLimits
	limits.Bytes, limits.Pixels, limits.Memory = f.MaxBody<<20, f.MaxPixels*1e6, f.Memory<<20/2
	decoder := models.NewDecoder(images.NewDecoder(limits), runtime.GOMAXPROCS(0))
	metrics := service.NewMetrics()
	repository, err := models.NewRepository(ctx, models.Options{
		Specs: specs, Folder: f.Models, Devices: devices, MaxDelay: f.MaxDelay, MaxWait: f.MaxWait, Queue: f.Queue, Log: s.log, OnBatch: metrics.Batch,
		Decoder: decoder,
	})
	if err != nil {
		return err
	}
	s.endings = append(s.endings, func() {
		if err := repository.Close(); err != nil {
			s.log.Warn("closing the devices", "error", err.Error())
		}
	})
	s.service = &service.Service{Repository: repository, Metrics: metrics, Tracer: tracer, Log: s.log, Timeout: f.Timeout}
	metrics.Watch(s.service, s.memory, decoder)
	return nil
}

// specs are the models that the flags name; digits where there are none.
func (f *flags) specs() ([]models.Spec, error) {
	var all []models.Spec
	names := map[string]bool{}
	for _, text := range f.Model {
		spec, err := models.ParseSpec(text)
		if err != nil {
			return nil, fmt.Errorf("--model: %w", err)
		}
		if names[spec.Name] {
			return nil, fmt.Errorf("--model: %s is given twice", spec.Name)
		}
		names[spec.Name] = true
		all = append(all, spec)
	}
	if len(all) == 0 && f.Models == "" {
		all = append(all, models.Spec{Name: "digits", File: "digits"})
	}
	return all, nil
}

// devices are the ways to the devices that the flags name.
func (f *flags) devices(ctx context.Context) ([]models.Open, error) {
	if f.Device != "all" {
		return []models.Open{models.GPU(f.DeviceFlags)}, nil
	}
	list, err := gpu.Devices(ctx)
	if err != nil {
		return nil, err
	}
	var all []models.Open
	for _, d := range list {
		if d.Err == "" && (!d.Software || len(all) == 0) { // software only where there is nothing else
			one := f.DeviceFlags
			one.Device = d.Name
			all = append(all, models.GPU(one))
		}
	}
	return all, nil
}

func (s *server) listen(ctx context.Context, flag, at string) (net.Listener, error) {
	var c net.ListenConfig
	l, err := c.Listen(ctx, "tcp", at)
	if err != nil {
		return nil, fmt.Errorf("%s %s: %w", flag, at, err)
	}
	s.endings = append(s.endings, func() { _ = l.Close() }) // closed already where it served
	return netutil.LimitListener(l, s.f.MaxConnections), nil
}

// public reports an address that other machines reach.
func public(at string) bool {
	host, _, err := net.SplitHostPort(at)
	ip := net.ParseIP(host)
	return err == nil && host != "localhost" && !(ip != nil && ip.IsLoopback())
}

// address is where a browser finds a listener.
func address(scheme string, l net.Listener) string {
	host, port, err := net.SplitHostPort(l.Addr().String())
	if ip := net.ParseIP(host); err == nil && ip != nil && ip.IsUnspecified() {
		host = "localhost"
	}
	return scheme + "://" + net.JoinHostPort(host, port) + "/"
}

// newGRPC is the server for gRPC.
func (s *server) newGRPC(tokens *guard.Tokens, tlsConfig *tls.Config) *grpc.Server {
	open := func(method string) bool {
		return method == oip.GRPCInferenceService_ServerLive_FullMethodName || method == oip.GRPCInferenceService_ServerReady_FullMethodName ||
			strings.HasPrefix(method, "/"+grpc_health_v1.Health_ServiceDesc.ServiceName+"/")
	}
	maxBody := s.f.MaxBody << 20
	options := []grpc.ServerOption{
		grpc.MaxRecvMsgSize(int(maxBody)), grpc.MaxConcurrentStreams(256), grpc.MaxHeaderListSize(maxHeader),
		grpc.ConnectionTimeout(s.f.headerTimeout), grpc.UnaryInterceptor(tokens.GRPC(open, func(err error) { s.service.TurnAway("grpc", err) })),
		grpc.KeepaliveParams(keepalive.ServerParameters{MaxConnectionIdle: idleTimeout, Time: time.Minute, Timeout: 20 * time.Second}),
		grpc.KeepaliveEnforcementPolicy(keepalive.EnforcementPolicy{MinTime: 10 * time.Second, PermitWithoutStream: true}),
	}
	options = append(options, rpc.Codec())
	options = append(options, rpc.Limit(s.f.Memory/4/s.f.MaxBody, s.f.bodyTimeout)...)
	if tlsConfig != nil {
		options = append(options, grpc.Creds(credentials.NewTLS(tlsConfig)))
	}
	g := grpc.NewServer(options...)
	rpc.Register(g, s.service, s.memory)
	return g
}

// serve answers until ctx ends, and then drains.
func (s *server) serve(ctx context.Context) error {
	failed := make(chan error, 2)
	loading, cancel := context.WithCancel(ctx)
	loaded := make(chan struct{})
	go func() {
		defer close(loaded)
		s.service.Repository.Start(loading)
	}()
	defer func() {
		cancel()
		<-loaded
	}()
	go func() { failed <- s.http.Serve(s.httpAt) }()
	if s.grpcAt != nil {
		go func() { failed <- s.grpc.Serve(s.grpcAt) }()
	}
	s.log.Info("serving", "http", s.httpAt.Addr().String(), "device", s.service.Repository.Devices()[0].About)
	select {
	case err := <-failed:
		return err
	case <-ctx.Done():
	}
	return s.drain()
}

// drain is not ready, answers what was begun, and ends.
func (s *server) drain() error {
	s.service.Drain()
	s.log.Info("draining", "lame_duck_s", s.f.LameDuck.Seconds(), "grace_s", s.f.Grace.Seconds())
	time.Sleep(s.f.LameDuck)
	ctx, cancel := context.WithTimeout(context.Background(), s.f.Grace)
	defer cancel()
	stopped := make(chan struct{})
	go func() {
		s.grpc.GracefulStop()
		close(stopped)
	}()
	err := s.http.Shutdown(ctx)
	select {
	case <-stopped:
	case <-ctx.Done():
		err = ctx.Err()
		s.grpc.Stop()
	}
	if err != nil {
		_ = s.http.Close()
		return errGrace
	}
	s.log.Info("drained")
	return nil
}

// close ends what was begun.
func (s *server) close() {
	for i := len(s.endings) - 1; i >= 0; i-- {
		s.endings[i]()
	}
	s.endings = nil
}
