package bgp

import (
	"context"
	"errors"
	"io"
	"net"
	"sync"

	"github.com/osrg/gobgp/v4/api"
	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/mem"
	"google.golang.org/grpc/metadata"
	"google.golang.org/grpc/peer"
	"google.golang.org/grpc/status"
)

// frame is one message as it came over the wire.
type frame struct{ data []byte }

// rawCodec passes messages through unread.
type rawCodec struct{}

func (rawCodec) Marshal(v any) (mem.BufferSlice, error) {
	return mem.BufferSlice{mem.SliceBuffer(v.(*frame).data)}, nil
}

func (rawCodec) Unmarshal(data mem.BufferSlice, v any) error {
	v.(*frame).data = data.Materialize()
	return nil
}

func (rawCodec) Name() string { return "proto" }

// relay passes a call on to the speaker that the metadata key "speaker" names. The two calls that announce and withdraw
// go through the faults; a stream of announcements would slip past them and is refused.
func (d *Proxy) relay(_ any, down grpc.ServerStream) error {
	method, _ := grpc.MethodFromServerStream(down)
	meta, _ := metadata.FromIncomingContext(down.Context())
	names := meta.Get("speaker")
	if len(names) != 1 || names[0] == "" {
		return status.Error(codes.InvalidArgument, "metadata: exactly one key speaker is needed")
	}
	s := d.speaker(names[0])
	if s == nil {
		return status.Errorf(codes.Unavailable, "speaker %s is not registered", names[0])
	}
	switch method {
	case api.GoBgpService_AddPath_FullMethodName, api.GoBgpService_DeletePath_FullMethodName:
		return d.guarded(down, s, method)
	case api.GoBgpService_AddPathStream_FullMethodName:
		return status.Error(codes.Unimplemented, "the fault door carries AddPath and DeletePath only")
	}
	return pipe(down, s.conn, method)
}

// guarded is the way of one announce or withdraw.
func (d *Proxy) guarded(down grpc.ServerStream, s *speaker, method string) error {
	var request frame
	if err := down.RecvMsg(&request); err != nil {
		return err
	}
	answer, err := d.change(down.Context(), s, method, request)
	if errors.Is(err, errLostReply) {
		d.cut(down.Context())
		return status.Error(codes.Unavailable, "the connection is gone")
	}
	if err != nil {
		return err
	}
	return down.SendMsg(&answer)
}

// cut ends the caller's connection without an answer.
func (d *Proxy) cut(ctx context.Context) {
	if p, ok := peer.FromContext(ctx); ok {
		d.listener.cut(p.Addr.String())
	}
}

// pipe joins a call with the same call to the speaker, message by message, in both directions.
func pipe(down grpc.ServerStream, conn *grpc.ClientConn, method string) error {
	ctx, cancel := context.WithCancel(down.Context())
	defer cancel()
	desc := &grpc.StreamDesc{StreamName: method, ClientStreams: true, ServerStreams: true}
	up, err := conn.NewStream(ctx, desc, method, grpc.ForceCodecV2(rawCodec{}))
	if err != nil {
		return err
	}
	sent := make(chan error, 1)
	go func() { sent <- forward(down, up) }()
	for {
		var message frame
		if err := up.RecvMsg(&message); err != nil {
			if errors.Is(err, io.EOF) {
				return nil
			}
			select {
			case failed := <-sent:
				return errors.Join(failed, err)
			default:
				return err
			}
		}
		if err := down.SendMsg(&message); err != nil {
			return err
		}
	}
}

// forward sends what the caller says until it has no more to say. A send that fails is not reported: the answer tells
// why.
func forward(down grpc.ServerStream, up grpc.ClientStream) error {
	for {
		var message frame
		if err := down.RecvMsg(&message); err != nil {
			if errors.Is(err, io.EOF) {
				return up.CloseSend()
			}
			return err
		}
		if up.SendMsg(&message) != nil {
			return nil
		}
	}
}

// trackingListener knows its connections, so that one can be cut.
type trackingListener struct {
	net.Listener
	mu    sync.Mutex
	conns map[string]*net.TCPConn
}

func track(l net.Listener) *trackingListener {
	return &trackingListener{Listener: l, conns: map[string]*net.TCPConn{}}
}

// Accept implements net.Listener.
func (t *trackingListener) Accept() (net.Conn, error) {
	conn, err := t.Listener.Accept()
	if err != nil {
		return nil, err
	}
	tcp, ok := conn.(*net.TCPConn)
	if !ok {
		return conn, nil
	}
	t.mu.Lock()
	t.conns[tcp.RemoteAddr().String()] = tcp
	t.mu.Unlock()
	return &trackedConn{TCPConn: tcp, t: t}, nil
}

// cut resets the connection from an address: the other end sees no orderly end.
func (t *trackingListener) cut(remote string) {
	t.mu.Lock()
	tcp := t.conns[remote]
	t.mu.Unlock()
	if tcp == nil {
		return
	}
	_ = tcp.SetLinger(0) // reset instead of an orderly end; failing that, the close below is still a cut
	_ = tcp.Close()
}

type trackedConn struct {
	*net.TCPConn
	t *trackingListener
}

// Close implements net.Conn.
func (c *trackedConn) Close() error {
	c.t.mu.Lock()
	delete(c.t.conns, c.RemoteAddr().String())
	c.t.mu.Unlock()
	return c.TCPConn.Close()
}
