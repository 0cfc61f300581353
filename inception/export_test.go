package inception

import (
	"inceptiongl/inception/graph"
	"inceptiongl/inception/run"
	"inceptiongl/inception/tensor"
)

// CachedSession is the session that ForwardGPU keeps for g and this input shape, or nil.
func CachedSession(g *graph.Graph, s tensor.Shape) *run.Session {
	forward.mu.Lock()
	e := forward.sessions[keyOf(g, s)]
	forward.mu.Unlock()
	if e == nil {
		return nil
	}
	<-e.turn
	defer func() { e.turn <- struct{}{} }()
	return e.session
}

// CachedSessions counts the sessions that ForwardGPU keeps.
func CachedSessions() int {
	forward.mu.Lock()
	defer forward.mu.Unlock()
	return len(forward.sessions)
}

// MaxSessions is how many it keeps at most.
const MaxSessions = maxSessions
