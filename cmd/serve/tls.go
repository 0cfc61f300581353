package main

import (
	"crypto/tls"
	"crypto/x509"
	"fmt"
	"log/slog"
	"os"
	"sync"
	"time"

	"inceptiongl/cmd/serve/internal/guard"
)

// tls is how connections are encrypted; nil: they aren't.
func (f *flags) tls(log *slog.Logger) (*tls.Config, error) {
	if f.TLSCert == "" {
		return nil, nil
	}
	k := &keys{f: f, log: log}
	if err := k.read(); err != nil {
		return nil, err
	}
	c := k.config.Clone()
	c.GetConfigForClient = func(*tls.ClientHelloInfo) (*tls.Config, error) { return k.current(), nil }
	return c, nil
}

// keys are the files of certificates, which are read again when they have changed: they are renewed while the server runs.
type keys struct {
	f   *flags
	log *slog.Logger

	mu     sync.Mutex
	config *tls.Config
	seen   [3]time.Time // when each file was last changed
	looked time.Time
}

// current is the configuration of the files by now. While they don't fit together, it is the one before.
func (k *keys) current() *tls.Config {
	k.mu.Lock()
	defer k.mu.Unlock()
	if time.Since(k.looked) < guard.Recheck {
		return k.config
	}
	k.looked = time.Now()
	if k.changes() == k.seen {
		return k.config
	}
	if err := k.read(); err != nil {
		k.log.Warn("new certificates are not used", "error", err.Error())
	} else {
		k.log.Info("new certificates are used")
	}
	return k.config
}

// changes are the files' times.
func (k *keys) changes() (all [3]time.Time) {
	for i, file := range []string{k.f.TLSCert, k.f.TLSKey, k.f.ClientCA} {
		if info, err := os.Stat(file); err == nil {
			all[i] = info.ModTime()
		}
	}
	return all
}

// read reads the files.
func (k *keys) read() error {
	seen := k.changes() // before they are read: a change meanwhile is seen the next time
	pair, err := tls.LoadX509KeyPair(k.f.TLSCert, k.f.TLSKey)
	if err != nil {
		return fmt.Errorf("--tls-cert, --tls-key: %w", err)
	}
	c := &tls.Config{Certificates: []tls.Certificate{pair}, MinVersion: tls.VersionTLS12, NextProtos: []string{"h2", "http/1.1"}}
	if k.f.ClientCA != "" {
		pem, err := os.ReadFile(k.f.ClientCA)
		if err != nil {
			return fmt.Errorf("--client-ca: %w", err)
		}
		c.ClientCAs = x509.NewCertPool()
		if !c.ClientCAs.AppendCertsFromPEM(pem) {
			return fmt.Errorf("--client-ca: %s has no certificate", k.f.ClientCA)
		}
		c.ClientAuth = tls.RequireAndVerifyClientCert
	}
	k.config, k.seen = c, seen
	return nil
}
