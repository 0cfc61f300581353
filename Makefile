# make bench    the main job
# make test     everything that CI checks; needs the packages of `sh .ci/setup test`
# make matrix   every driver and way to a context, with a table at the end; needs the same
# make sweep    all of the convolutions and pools of which tests take a sample
# make soak     the tests of load, leaks and faults at full length, with the race detector
# make mutants  breaks the code in many places and shows that tests notice
SHELL       := /bin/bash -o pipefail
STATICCHECK := honnef.co/go/tools/cmd/staticcheck@v0.8.2
GOVULNCHECK := golang.org/x/vuln/cmd/govulncheck@v1.9.0
# Two software drivers on every machine, so that a GPU in it changes nothing: llvmpipe, and zink on lavapipe, which runs asynchronously
# and leaves out LLVM's optimisations: most of the time is compiling, and llvmpipe's code is the same but optimised.
LLVMPIPE    := LIBGL_ALWAYS_SOFTWARE=1 GALLIUM_DRIVER=llvmpipe INCEPTIONGL_DEVICE=llvmpipe
ZINK         = LIBGL_ALWAYS_SOFTWARE=1 GALLIUM_DRIVER=zink GALLIVM_PERF=nopt INCEPTIONGL_DEVICE=zink XDG_RUNTIME_DIR=$$(mktemp -d)
# A third, Mesa's interpreter, with its version overridden: what NaN does there.
SOFTPIPE    := LIBGL_ALWAYS_SOFTWARE=1 GALLIUM_DRIVER=softpipe MESA_GL_VERSION_OVERRIDE=4.3 MESA_GLSL_VERSION_OVERRIDE=430 INCEPTIONGL_DEVICE=softpipe
MINGW       := GOOS=windows GOARCH=amd64 CGO_ENABLED=1 CC=x86_64-w64-mingw32-gcc

.PHONY: bench test lint fuzz glsl unit zink zink-half zink-rest beside softpipe plain race glfw cross smoke wine wine-small matrix sweep soak mutants clients soak-serve replicas dockerfile fuzz-serve
bench:
	go run ./cmd/bench

test: lint glsl unit zink beside cross wine-small fuzz smoke

lint:
	@files=$$(gofmt -l .); [ -z "$$files" ] || { echo "gofmt: $$files"; exit 1; }
	go vet ./...
	go run $(STATICCHECK) ./...
	@out=$$(go run $(GOVULNCHECK) ./... 2>&1) || case $$out in \
	*"fetching vulnerabilities"*) echo "govulncheck: NOT CHECKED, its database can't be reached from here" ;; \
	*) echo "$$out"; exit 1 ;; esac

# The reference compiler takes every variant of every shader. It lists the files that it took: all that were written.
glsl:
	@dir=$$(mktemp -d) && trap "rm -r $$dir" EXIT && go run ./cmd/shaders $$dir/all && cd $$dir/all && \
	if ! find . -type f -print0 | xargs -0 -n 100 -P $$(nproc) sh -c 'glslangValidator -S comp "$$@" >../log.$$$$' sh; then \
		cat ../log.* | awk '/\.comp$$/ { name = $$0; next } NF { print name ": " $$0 }'; exit 1; \
	fi && \
	n=$$(cat ../log.* | grep -c '\.comp$$') && [ $$n = $$(find . -type f | wc -l) ] && echo "shaders that glslangValidator took: $$n"

# Test processes append their count of GPU cases to a file, and what tests tell of how much they did; that and the sum are shown, and no
# cases at all are a failure.
CASES = export INCEPTIONGL_CASES=$$(mktemp) &&
COUNT = && awk '/^\#/ { print; next } { n += $$1 } END { print "gpu cases run on $@: " n + 0; exit !n }' $$INCEPTIONGL_CASES

# What takes longest comes first.
unit:
	$(CASES) $(LLVMPIPE) go test -count=1 -timeout 25m ./shaders ./inception/run ./inception/onnx ./... $(COUNT)

# Two at once: within one process zink compiles on one core, whatever runs beside.
HALF := ^(TestPool|TestConv|TestConvCandidates|TestDepthwise)$$
zink:
	$(CASES) $(ZINK) $(MAKE) --no-print-directory -j2 -Otarget zink-half zink-rest $(COUNT)
zink-half:
	go test -count=1 -timeout 25m -run '$(HALF)' ./shaders
zink-rest:
	go test -count=1 -timeout 25m -skip '$(HALF)' ./shaders ./gpu ./inception ./inception/plan ./inception/run

# Pools and what works on single elements, with NaN and infinities among the inputs; and where only an interpreter's slowness shows, less.
# All four tests of kernels must be there. (Of a view past 32768 texels softpipe shows zeros: TestBeyondBlock.)
softpipe:
	@[ "$$(go test -list '^(TestPool|TestElementwise|TestUnary|TestBinary)$$' ./shaders | grep -c ^Test)" = 4 ]
	$(CASES) $(SOFTPIPE) go test -count=1 -timeout 25m -run '^(TestPool|TestElementwise|TestUnary|TestBinary)$$' ./shaders && \
	$(SOFTPIPE) go test -count=1 -timeout 25m -skip '^(TestClock|TestShortByTheWall|TestCancel|TestCloseAfterCancel|TestPassesInFlight|TestBeyondBlock)' ./gpu && \
	$(SOFTPIPE) go test -count=1 -timeout 25m -run '^(TestRun|TestClose|TestManyGoroutines)' ./inception/run $(COUNT)

# The race detector's packages leave cores idle now and then.
beside:
	$(MAKE) --no-print-directory -j2 -Otarget race softpipe plain glfw

# Kernels as drivers compile them for contexts that are neither robust nor in debug mode.
plain:
	$(CASES) $(LLVMPIPE) INCEPTIONGL_PLAIN=1 go test -count=1 -timeout 25m -run '^(TestElementwise|TestPool|TestConv|TestPointwise|TestDepthwise|TestWinograd|TestBatch)$$' ./shaders && \
	$(LLVMPIPE) INCEPTIONGL_PLAIN=1 go test -count=1 -timeout 25m ./gpu $(COUNT)

# Every parser, and models on the device, with random inputs: ten targets, 15 s each, or what FUZZTIME says.
FUZZTIME := 15s
fuzz:
	$(LLVMPIPE) .ci/fuzz $(FUZZTIME)

# The packages in which goroutines meet, whole. The detector makes Go code several times as slow: the rest is left out.
race:
	$(LLVMPIPE) go test -count=1 -timeout 25m -race ./inception/run ./cmd/infer ./gpu ./cpuref ./cmd/serve/internal/... ./inception ./inception/classify
	go test -count=1 -race -run '^TestDecoder$$' ./inception/images

glfw:
	$(CASES) $(LLVMPIPE) INCEPTIONGL_BACKEND=glfw xvfb-run -a go test -count=1 -timeout 25m -tags glfw ./gpu $(COUNT)

# Builds for systems that can't run here: Windows with cgo; macOS and no-cgo, where everything but the GPU works. What never runs is compiled
# without optimisation.
FAST := -gcflags='all=-N -l'
cross:
	$(MINGW) go vet ./...
	$(MINGW) go build -o $$(mktemp -d) ./cmd/...
	CGO_ENABLED=0 go vet $(FAST) ./...
	CGO_ENABLED=0 GOOS=darwin GOARCH=arm64 go build $(FAST) ./...

# Windows programs under Wine, in a prefix that is made for it. Wine's OpenGL is the X server's. wine-small is what `test` runs of it.
WINE       = export WINEPREFIX=$$(mktemp -d) && trap "rm -rf $$WINEPREFIX" EXIT && xvfb-run -a .ci/wine --init && export LIBGL_ALWAYS_SOFTWARE=1 $(MINGW)
WINE_TEST  = xvfb-run -a go test -exec $(CURDIR)/.ci/wine -count=1 -timeout 25m
WINE_BENCH = dir=$$(mktemp -d) && go build -o $$dir ./cmd/bench && xvfb-run -a .ci/wine $$dir/bench.exe --no-kernels && rm -r $$dir

wine-small:
	$(CASES) $(WINE) && $(WINE_BENCH) && $(WINE_TEST) ./gpu && $(WINE_TEST) -run '^TestPool$$' ./shaders $(COUNT)

wine:
	$(CASES) $(WINE) && $(WINE_BENCH) && $(WINE_TEST) ./gpu && $(WINE_TEST) -run '^(TestPool|TestConv|TestElementwise)$$' ./shaders && \
	$(WINE_TEST) -run '^(TestAllocationFailure|TestContextLoss|TestLeast|TestRun|TestClose|TestManyGoroutines)' ./inception/run $(COUNT)

# Each row of the matrix by itself, so that one that fails hides no other.
MATRIX := unit zink softpipe plain glfw wine
matrix:
	@failed=0; table=; \
	for row in $(MATRIX); do \
		if out=$$($(MAKE) --no-print-directory $$row 2>&1); then verdict=$$(sed -n 's/^gpu cases run on .*: //p' <<<"$$out"); \
		else verdict=FAILED; failed=1; tail -n 100 <<<"$$out"; fi; \
		table+=$$(printf '%-10s %s' $$row "$$verdict")$$'\n'; \
	done; printf 'driver     cases passed\n%s' "$$table"; exit $$failed

sweep:
	$(CASES) $(LLVMPIPE) INCEPTIONGL_SWEEP=1 go test -count=1 -timeout 60m -run '^(TestSweep|TestRandomConvs)' -v ./shaders $(COUNT)

SOAK := ^(TestSoak|TestFlat|TestAllocationFailure|TestContextLoss|TestLossInFlight|TestLeast|TestSameBits|TestEviction|TestForwardGPUAfterFaults|TestRunsInFlight|TestClose|TestHang|TestPassesInFlight)
soak:
	$(CASES) $(LLVMPIPE) INCEPTIONGL_SOAK=1 go test -count=1 -timeout 60m -race -v -run '$(SOAK)' ./gpu ./inception ./inception/run $(COUNT)

mutants:
	$(LLVMPIPE) go run ./cmd/internal/mutants

smoke:
	$(LLVMPIPE) go run ./cmd/bench

# What follows isn't part of `test`: it takes long, needs a machine to itself, the network, or root.

# The clients that people have, from PyPI, unmodified, against a server on this machine.
clients:
	@dir=$$(mktemp -d) && trap 'kill $$server 2>/dev/null; rm -r $$dir' EXIT && python3 -m venv $$dir/v && \
	$$dir/v/bin/pip install -q -r cmd/serve/clients/requirements.txt && go build -o $$dir/serve ./cmd/serve && \
	{ $(LLVMPIPE) $$dir/serve --http=127.0.0.1:18080 --grpc=127.0.0.1:18081 2>$$dir/log & server=$$!; } && \
	$$dir/v/bin/python cmd/serve/clients/wait.py http://127.0.0.1:18080 && \
	for c in triton kserve; do $$dir/v/bin/python cmd/serve/clients/clients.py $$c http://127.0.0.1:18080 127.0.0.1:18081 inception/digits/samples || { tail -3 $$dir/log; exit 1; }; done

# 64 connections for a minute, half of that load, four times of it, and 10⁴ malformed requests; speed is judged, too.
soak-serve:
	$(LLVMPIPE) go test -count=1 -timeout 15m -run '^(TestSoak|TestMalformed)$$' -v ./cmd/serve -soak 60s

# Three replicas as hosts of their own (network namespaces) behind nginx. For root.
replicas:
	@dir=$$(mktemp -d) && trap "rm -r $$dir" EXIT && go test -c -o $$dir/test ./cmd/serve && cd cmd/serve && \
	$(LLVMPIPE) unshare --net sh -c "ip link set lo up && exec $$dir/test -test.run '^TestReplicas$$' -test.v -hosts"

# The Dockerfile's steps in a fresh Debian. For root, with debootstrap.
dockerfile:
	sh cmd/serve/deploy/check-dockerfile.sh

fuzz-serve:
	go test -run '^$$' -fuzz '^FuzzParseRequest$$' -fuzztime 30s ./cmd/serve/internal/v2
	go test -run '^$$' -fuzz '^FuzzRequest$$' -fuzztime 30s ./cmd/serve/internal/rpc/message
