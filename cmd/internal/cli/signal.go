package cli

import (
	"context"
	"os"
	"os/signal"
	"syscall"
)

// Context ends when the program is interrupted or told to end, so that it cleans up; a second signal ends the program at once. What
// whoever started the program had it ignore, as nohup does, is still ignored.
func Context() (ctx context.Context, stop func()) {
	var heard []os.Signal
	for _, s := range []os.Signal{os.Interrupt, syscall.SIGTERM, syscall.SIGHUP} {
		if !signal.Ignored(s) {
			heard = append(heard, s)
		}
	}
	if len(heard) == 0 { // NotifyContext takes no signals for all signals
		return context.WithCancel(context.Background())
	}
	ctx, stop = signal.NotifyContext(context.Background(), heard...)
	context.AfterFunc(ctx, stop)
	return ctx, stop
}
