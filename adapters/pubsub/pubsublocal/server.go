// Package pubsublocal runs Google's fake of Pub/Sub on loopback behind a layer of faults: messages are published twice,
// delivered twice, late, out of order or not at all, answers and acknowledgements are lost, streams are cut. It is no
// part of the product.
//
// The layer also does what the fake leaves out and the service does: it gives a stream no more messages than it has
// asked for (https://cloud.google.com/pubsub/docs/flow-control-messages). Processes connect by PUBSUB_EMULATOR_HOST.
package pubsublocal

import (
	"errors"
	"fmt"
	"net"
	"path"
	"sync"

	pb "cloud.google.com/go/pubsub/v2/apiv1/pubsubpb"
	"cloud.google.com/go/pubsub/v2/pstest"
	"google.golang.org/grpc"
)

// A Server is one fake Pub/Sub. Safe for concurrent use.
type Server struct {
	fake   *pstest.Server
	front  *grpc.Server
	addr   string
	faults *faults
	served sync.WaitGroup
}

// Start runs a server without faults; seed decides which messages they hit later.
func Start(seed uint64) (*Server, error) {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return nil, fmt.Errorf("start fake Pub/Sub: %w", err)
	}
	s := &Server{fake: pstest.NewServer(), addr: listener.Addr().String()}
	s.faults = newFaults(seed, &s.fake.GServer)
	s.front = grpc.NewServer(grpc.UnaryInterceptor(s.faults.unary), grpc.StreamInterceptor(s.faults.stream),
		grpc.MaxRecvMsgSize(20<<20))
	pb.RegisterPublisherServer(s.front, &s.fake.GServer)
	pb.RegisterSubscriberServer(s.front, &s.fake.GServer)
	s.served.Go(func() { _ = s.front.Serve(listener) })
	return s, nil
}

// Addr is what PUBSUB_EMULATOR_HOST has to be.
func (s *Server) Addr() string { return s.addr }

// Set changes how often faults are made, from now on.
func (s *Server) Set(r Rates) { s.faults.set(r) }

// Counts tells how many faults were made, by kind.
func (s *Server) Counts() map[string]int { return s.faults.counts() }

// Published gives the bodies of all messages that were ever published to a topic, by the topic's id.
func (s *Server) Published(topic string) [][]byte {
	var all [][]byte
	for _, m := range s.fake.Messages() {
		if path.Base(m.Topic) == topic {
			all = append(all, m.Data)
		}
	}
	return all
}

// Close ends the server and every stream.
func (s *Server) Close() error {
	s.front.Stop()
	s.served.Wait()
	if err := s.fake.Close(); err != nil && !errors.Is(err, net.ErrClosed) {
		return fmt.Errorf("close fake Pub/Sub: %w", err)
	}
	return nil
}
