// Command serve answers requests for inference over the Open Inference Protocol, version 2: HTTP with JSON and binary tensors, and gRPC.
// Clients, gateways and autoscalers that know the protocol know it. Without arguments it serves the digits network that ships with it
// on this machine alone, with a page to try it on.
//
// It exits with 0 after SIGTERM, once all that it had begun is answered; with 1 where that took longer than --grace; with 2 if it could
// not run.
package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/signal"
	"syscall"
	"time"

	"github.com/alecthomas/kong"

	"inceptiongl/cmd/internal/cli"
	"inceptiongl/cmd/serve/internal/models"
)

// flags are the command line.
type flags struct {
	Model  []string `placeholder:"NAME=FILE[,…]" sep:"none" help:"Serve this network: a .onnx file, a folder with model.onnx, or digits; and labels=FILE, preset=NAME, batch=N, size=HxW; arch=NAME for a file of weights. May be given several times. Default: digits."`
	Models string   `placeholder:"DIR" help:"Serve all networks of this folder: NAME/VERSION/model.onnx, labels.txt beside it. They can be loaded and unloaded at run time."`

	HTTP string `name:"http" default:"127.0.0.1:8080" placeholder:"HOST:PORT" help:"Where HTTP is served; :8080 for everybody. Default: ${default}."`
	GRPC string `name:"grpc" default:"127.0.0.1:8081" placeholder:"HOST:PORT" help:"Where gRPC is served; off for nowhere. Default: ${default}."`

	MaxDelay time.Duration `default:"2ms" help:"How long a request waits at most for others to share a run. Default: ${default}."`
	MaxWait  time.Duration `default:"5s" help:"Requests that would wait longer than this for their turn, by what runs take, are refused at once; 0s for no such limit. What one run has room for may always wait. Default: ${default}."`
	Queue    int           `default:"256" placeholder:"N" help:"Images of a model that may wait; above it requests are refused at once. Default: ${default}."`
	Timeout  time.Duration `default:"30s" help:"How long a request may take that doesn't say. Default: ${default}."`

	TLSCert  string `name:"tls-cert" placeholder:"FILE" help:"The server's certificate, with its chain: both protocols are encrypted then."`
	TLSKey   string `name:"tls-key" placeholder:"FILE" help:"Its key."`
	ClientCA string `name:"client-ca" placeholder:"FILE" help:"Clients must have a certificate of one of these authorities."`
	Tokens   string `placeholder:"FILE" help:"Clients must have one of these bearer tokens, one a line; a changed file is read again. Health and the page itself are open."`

	MaxBody        int64 `name:"max-body" default:"16" placeholder:"MIB" help:"The largest request. Default: ${default} MiB."`
	MaxPixels      int64 `name:"max-pixels" default:"50" placeholder:"MILLIONS" help:"The largest picture. Default: ${default} million pixels."`
	Memory         int64 `default:"1024" placeholder:"MIB" help:"Memory for requests and for decoding, all together: half of it is for decoding. Default: ${default} MiB."`
	MaxConnections int   `name:"max-connections" default:"1024" placeholder:"N" help:"Connections at once. Default: ${default}."`

	Grace    time.Duration `default:"30s" help:"How long what has begun may take after SIGTERM. Default: ${default}."`
	LameDuck time.Duration `name:"lame-duck" default:"0s" help:"How long after SIGTERM new requests are still answered, though the server says that it isn't ready: for load balancers that need time to see it. Default: ${default}."`
	LogLevel string        `default:"info" enum:"debug,info,warn,error" help:"debug logs every request; info those that are wrong, and how many were too many. Default: ${default}."`
	Pprof    bool          `help:"Serve Go's profiles under /debug/pprof."`
	Lang     string        `default:"" placeholder:"en|zh" help:"The page's language. Default: what the browser asks for."`

	cli.DeviceFlags

	headerTimeout time.Duration // that a client may take to send a request's head
	bodyTimeout   time.Duration // and all of it
	open          []models.Open // in place of the devices that the flags name
}

func main() {
	f, err := parse(os.Args[1:])
	if err != nil {
		fmt.Fprintf(os.Stderr, "serve: %v\nTry serve --help.\n", err)
		os.Exit(2)
	}
	signals := make(chan os.Signal, 2)
	signal.Notify(signals, os.Interrupt, syscall.SIGTERM)
	ctx, drain := context.WithCancel(context.Background())
	go func() {
		<-signals
		drain()
		<-signals
		fmt.Fprintln(os.Stderr, "serve: ended by a second signal")
		os.Exit(1)
	}()
	err = run(ctx, f, os.Stdout, os.Stderr)
	if err != nil {
		fmt.Fprintf(os.Stderr, "serve: %v\n", err)
	}
	os.Exit(exit(err))
}

// parse reads the command line.
func parse(args []string) (*flags, error) {
	f := &flags{headerTimeout: 5 * time.Second, bodyTimeout: 30 * time.Second}
	parser, err := kong.New(f, kong.Name("serve"), kong.Description("Answers requests for inference over the Open Inference Protocol, version 2, on this machine's GPU."))
	if err != nil {
		return nil, err
	}
	if _, err = parser.Parse(args); err != nil {
		return nil, err
	}
	return f, f.check()
}

// check reports flags that don't go together.
func (f *flags) check() error {
	switch {
	case (f.TLSCert == "") != (f.TLSKey == ""):
		return errors.New("--tls-cert and --tls-key go together")
	case f.ClientCA != "" && f.TLSCert == "":
		return errors.New("--client-ca needs --tls-cert and --tls-key")
	case f.Lang != "" && f.Lang != "en" && f.Lang != "zh":
		return fmt.Errorf("--lang %s: en and zh are there", f.Lang)
	case f.MaxDelay < 0 || f.MaxDelay > time.Minute || f.MaxWait < 0 || f.Timeout <= 0 || f.Grace < 0 || f.LameDuck < 0:
		return errors.New("--max-delay, --max-wait, --timeout, --grace, --lame-duck: out of range")
	case f.Queue < 1 || f.Queue > 1<<20 || f.MaxConnections < 1:
		return errors.New("--queue, --max-connections: out of range")
	case f.MaxBody < 1 || f.MaxBody > 2047 || f.MaxPixels < 1 || f.MaxPixels > 1000 || f.Memory < 4*f.MaxBody || f.Memory > 1<<20:
		return errors.New("--max-body, --max-pixels, --memory: out of range; --memory must have room for four bodies")
	}
	return nil
}

// errGrace is returned when requests were cut off.
var errGrace = errors.New("some requests took longer than --grace: they were cut off")

// exit is the exit status for an error of run.
func exit(err error) int {
	switch {
	case err == nil:
		return 0
	case errors.Is(err, errGrace):
		return 1
	}
	return 2
}

// run serves until ctx ends, and then drains. What people read first goes to out, logs to log.
func run(ctx context.Context, f *flags, out, log io.Writer) error {
	s, err := newServer(ctx, f, log)
	if err != nil {
		return err
	}
	defer s.close()
	fmt.Fprintf(out, "Page     %s\n", s.page)
	if s.grpcAt != nil {
		fmt.Fprintf(out, "gRPC     %s\n", s.grpcAt.Addr())
	}
	return s.serve(ctx)
}
