package gobgp

import (
	"context"
	"log/slog"
)

// A word is something that GoBGP logs about a peer and that its API does not tell.
type word int

// The words; ignored is any other message.
const (
	ignored word = iota
	notificationReceived
	notificationSent
	sessionUp
	sessionDown
	connectFailed
	connectionOpen
	connectionBroken
	// stopComplaint is that of a server which is stopped gracefully first: that is how its API ends.
	stopComplaint
)

// wordOf reads a message of GoBGP (v4.8.0, fsm.go and server.go).
func wordOf(message string) word {
	switch message {
	case "received notification":
		return notificationReceived
	case "sent notification":
		return notificationSent
	case "Peer Up":
		return sessionUp
	case "Peer Down":
		return sessionDown
	case "failed to connect":
		return connectFailed
	case "outgoing connection established":
		return connectionOpen
	case "outgoing connection IO error":
		return connectionBroken
	case "failed to stop BGP server":
		return stopComplaint
	default:
		return ignored
	}
}

// logged is one of those messages, read.
type logged struct {
	word          word
	code, subcode int
	text          string
}

// tap reads GoBGP's log on its way. It sees every level; the handler behind it gets what it asks for.
type tap struct {
	slog.Handler
	peer string
	note func(peer string, r logged)
}

// Enabled implements [slog.Handler]: a failed attempt to connect is told at debug level.
func (tap) Enabled(context.Context, slog.Level) bool { return true }

// Handle implements [slog.Handler].
func (t tap) Handle(ctx context.Context, r slog.Record) error {
	switch w := wordOf(r.Message); w {
	case stopComplaint:
		return nil
	case ignored:
	default:
		t.note(t.peer, read(w, r))
	}
	if !t.Handler.Enabled(ctx, r.Level) {
		return nil
	}
	return t.Handler.Handle(ctx, r)
}

func read(w word, r slog.Record) logged {
	out := logged{word: w}
	r.Attrs(func(a slog.Attr) bool {
		switch a.Key {
		case "Code":
			out.code = int(a.Value.Int64())
		case "Subcode":
			out.subcode = int(a.Value.Int64())
		case "Reason", "Error", "reason":
			out.text = a.Value.String()
		}
		return true
	})
	return out
}

// WithAttrs implements [slog.Handler]. The logger of a peer has its address as "Key".
func (t tap) WithAttrs(attrs []slog.Attr) slog.Handler {
	for _, a := range attrs {
		if a.Key == "Key" {
			t.peer = a.Value.String()
		}
	}
	t.Handler = t.Handler.WithAttrs(attrs)
	return t
}

// WithGroup implements [slog.Handler].
func (t tap) WithGroup(name string) slog.Handler {
	t.Handler = t.Handler.WithGroup(name)
	return t
}
