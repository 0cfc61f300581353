package service

import (
	"net/http"

	"google.golang.org/grpc/codes"

	"inceptiongl/cmd/serve/internal/v2"
)

// Kind is what a kind of error is called: in metrics and logs, over HTTP and over gRPC.
type Kind struct {
	Name string
	HTTP int
	GRPC codes.Code
}

// KindOf tells an error's.
func KindOf(c v2.Code) Kind {
	switch c {
	case v2.Invalid:
		return Kind{"invalid", http.StatusBadRequest, codes.InvalidArgument}
	case v2.NotFound:
		return Kind{"not_found", http.StatusNotFound, codes.NotFound}
	case v2.TooLarge:
		return Kind{"too_large", http.StatusRequestEntityTooLarge, codes.ResourceExhausted}
	case v2.Unauthenticated:
		return Kind{"unauthenticated", http.StatusUnauthorized, codes.Unauthenticated}
	case v2.Forbidden:
		return Kind{"forbidden", http.StatusForbidden, codes.PermissionDenied}
	case v2.Full:
		return Kind{"full", http.StatusServiceUnavailable, codes.ResourceExhausted}
	case v2.NotReady:
		return Kind{"not_ready", http.StatusServiceUnavailable, codes.Unavailable}
	case v2.Deadline:
		return Kind{"deadline", http.StatusGatewayTimeout, codes.DeadlineExceeded}
	case v2.Cancelled:
		return Kind{"cancelled", 499, codes.Canceled} // 499 as nginx has it; nobody reads it
	}
	return Kind{"internal", http.StatusInternalServerError, codes.Internal}
}
