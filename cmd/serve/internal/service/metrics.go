package service

import (
	"net/http"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"
	"github.com/prometheus/client_golang/prometheus/promhttp"

	"inceptiongl/cmd/serve/internal/budget"
	"inceptiongl/cmd/serve/internal/models"
)

const namespace = "inceptiongl"

// Metrics are what Prometheus is told.
type Metrics struct {
	registry *prometheus.Registry
	requests *prometheus.CounterVec
	took     *prometheus.HistogramVec
	stages   *prometheus.HistogramVec
	images   *prometheus.CounterVec
	batches  *prometheus.HistogramVec
	device   *prometheus.CounterVec
}

// NewMetrics are of no server yet: see Watch.
func NewMetrics() *Metrics {
	seconds := prometheus.ExponentialBuckets(0.0002, 2, 17) // 0.2 ms … 13 s
	counter := func(name, help string, labels ...string) *prometheus.CounterVec {
		return prometheus.NewCounterVec(prometheus.CounterOpts{Namespace: namespace, Name: name, Help: help}, labels)
	}
	histogram := func(name, help string, buckets []float64, labels ...string) *prometheus.HistogramVec {
		return prometheus.NewHistogramVec(prometheus.HistogramOpts{Namespace: namespace, Name: name, Help: help, Buckets: buckets}, labels)
	}
	m := &Metrics{
		registry: prometheus.NewRegistry(),
		requests: counter("requests_total", "Requests for inference, by how they ended; code is ok or the error's kind.", "model", "protocol", "code"),
		took:     histogram("request_seconds", "From a request's arrival to its answer, of those that have one.", seconds, "model", "protocol"),
		stages:   histogram("stage_seconds", "Where requests spend their time: decode, wait, run, encode.", seconds, "model", "stage"),
		images:   counter("images_total", "Images answered.", "model"),
		batches:  histogram("batch_images", "Images in a run.", prometheus.ExponentialBuckets(1, 2, 9), "model"),
		device:   counter("model_device_seconds_total", "Time that a model's runs took of the devices.", "model"),
	}
	m.registry.MustRegister(m.requests, m.took, m.stages, m.images, m.batches, m.device,
		collectors.NewGoCollector(), collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}))
	return m
}

// Batch counts a run.
func (m *Metrics) Batch(model string, images, _ int, busy time.Duration) {
	m.batches.WithLabelValues(model).Observe(float64(images))
	m.device.WithLabelValues(model).Add(busy.Seconds())
}

func (m *Metrics) request(model, protocol, code string, took time.Duration, t models.Times) {
	m.requests.WithLabelValues(model, protocol, code).Inc()
	if code != "ok" { // what is refused at once would make the others look quick
		return
	}
	m.took.WithLabelValues(model, protocol).Observe(took.Seconds())
	m.images.WithLabelValues(model).Add(float64(t.Images))
	for stage, d := range map[string]time.Duration{"decode": t.Decode, "wait": t.Wait, "run": t.Run, "encode": t.Encode} {
		m.stages.WithLabelValues(model, stage).Observe(d.Seconds())
	}
}

// Handler is what Prometheus reads.
func (m *Metrics) Handler() http.Handler {
	return promhttp.HandlerFor(m.registry, promhttp.HandlerOpts{})
}

// Watch adds the figures that are read when they are asked for.
func (m *Metrics) Watch(s *Service, memory *budget.Budget, decoder *models.Decoder) {
	m.registry.MustRegister(watcher{s, memory, decoder})
}

// watcher is a prometheus.Collector.
type watcher struct {
	s       *Service
	memory  *budget.Budget
	decoder *models.Decoder
}

func desc(name, help string, labels ...string) *prometheus.Desc {
	return prometheus.NewDesc(prometheus.BuildFQName(namespace, "", name), help, labels, nil)
}

var (
	readyDesc   = desc("ready", "1 where the server is ready.")
	waitingDesc = desc("queue_images", "Images that wait for a run.", "model")
	budgetDesc  = desc("memory_budget_used_bytes", "Memory that requests hold, by kind: requests, decoding.", "kind")
	memoryDesc  = desc("device_memory_bytes", "Memory on a device, by kind: activations, weights.", "device", "kind")
	busyDesc    = desc("device_busy_seconds_total", "Time that runs took of a device.", "device")
	upDesc      = desc("device_ready", "1 where a device is there, 0 while it is opened again.", "device")
	rebuildDesc = desc("device_rebuilds_total", "Contexts lost, and opened again.", "device")
)

// Describe is the collector's.
func (w watcher) Describe(to chan<- *prometheus.Desc) {
	for _, d := range []*prometheus.Desc{readyDesc, waitingDesc, budgetDesc, memoryDesc, busyDesc, upDesc, rebuildDesc} {
		to <- d
	}
}

// Collect is the collector's.
func (w watcher) Collect(to chan<- prometheus.Metric) {
	gauge := func(d *prometheus.Desc, v float64, labels ...string) {
		to <- prometheus.MustNewConstMetric(d, prometheus.GaugeValue, v, labels...)
	}
	counter := func(d *prometheus.Desc, v float64, labels ...string) {
		to <- prometheus.MustNewConstMetric(d, prometheus.CounterValue, v, labels...)
	}
	yes := func(ok bool) float64 {
		if ok {
			return 1
		}
		return 0
	}
	gauge(readyDesc, yes(w.s.Ready() == nil))
	gauge(budgetDesc, float64(w.memory.Used()), "requests")
	gauge(budgetDesc, float64(w.decoder.Used()), "decoding")
	for _, m := range w.s.Repository.Models() {
		gauge(waitingDesc, float64(m.Waiting()), m.Name)
	}
	seen := map[string]bool{}
	for _, d := range w.s.Repository.Devices() {
		if seen[d.Name] {
			continue // a name twice would spoil all metrics
		}
		seen[d.Name] = true
		gauge(memoryDesc, float64(d.Activations), d.Name, "activations")
		gauge(memoryDesc, float64(d.Bytes-d.Activations), d.Name, "weights")
		gauge(upDesc, yes(d.Ready), d.Name)
		counter(busyDesc, d.Busy.Seconds(), d.Name)
		counter(rebuildDesc, float64(d.Rebuilds), d.Name)
	}
}
