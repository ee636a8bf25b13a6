package bgp

import (
	"context"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"maps"
	"net/netip"
	"slices"
	"time"

	"github.com/osrg/gobgp/v4/api"
	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/proto"

	"github.com/culvertnet/culvert/adapters/simcloud/world"
)

// The calls of this vendor, as faults and ledger know them.
const (
	callAnnounce = "announce"
	callWithdraw = "withdraw"
)

// speakerTimeout bounds the calls that one announce or withdraw makes to a speaker.
const speakerTimeout = 10 * time.Second

// errLostReply tells the caller's connection has to be cut: what was asked for is done.
var errLostReply = errors.New("reply is lost")

// change carries out one announce or withdraw with whatever fault is armed for it. The ledger is written before the
// answer goes out.
func (d *Proxy) change(ctx context.Context, s *speaker, method string, request frame) (frame, error) {
	c, err := parse(method, request)
	if err != nil {
		return frame{}, err
	}
	fault, hit := d.w.Fault(Vendor, c.call, s.Name+"/"+c.name())
	if hit {
		switch fault.Mode {
		case world.Refuse:
			return frame{}, status.Errorf(codes.PermissionDenied, "%s of %s is refused", c.call, c.name())
		case world.FailBefore, world.Unreachable:
			return frame{}, status.Error(codes.Unavailable, "the speaker is not available")
		case world.Throttle:
			return frame{}, status.Error(codes.ResourceExhausted, "too many requests")
		case world.ExpireSession:
			return frame{}, status.Error(codes.Unauthenticated, "the session has expired")
		}
	}
	answer, err := c.carryOut(ctx, d.w, s)
	if err != nil || !hit {
		return answer, err
	}
	switch fault.Mode {
	case world.FailAfter:
		return frame{}, status.Error(codes.Unavailable, "the speaker is not available")
	case world.LoseReply:
		return frame{}, errLostReply
	case world.Delay:
		select {
		case <-d.w.WaitReal(fault.Delay):
		case <-ctx.Done():
			return frame{}, status.FromContextError(ctx.Err()).Err()
		}
	}
	return answer, nil
}

// request is an announce or a withdraw, read.
type request struct {
	call   string
	method string
	frame  frame
	prefix string // what it is about; empty for a withdraw by id or of everything, which name none
	attrs  string // announce: its attributes, comparable
}

// name is what a fault's match is compared with.
func (r request) name() string {
	if r.prefix == "" {
		return "*"
	}
	return r.prefix
}

func parse(method string, f frame) (request, error) {
	if method == api.GoBgpService_AddPath_FullMethodName {
		var in api.AddPathRequest
		if err := proto.Unmarshal(f.data, &in); err != nil {
			return request{}, status.Errorf(codes.InvalidArgument, "read request: %s", err)
		}
		prefix, err := prefixOf(in.GetPath())
		if err != nil {
			return request{}, err
		}
		attrs, err := attrsOf(in.GetPath())
		return request{call: callAnnounce, method: method, frame: f, prefix: prefix, attrs: attrs}, err
	}
	var in api.DeletePathRequest
	if err := proto.Unmarshal(f.data, &in); err != nil {
		return request{}, status.Errorf(codes.InvalidArgument, "read request: %s", err)
	}
	out := request{call: callWithdraw, method: method, frame: f}
	if in.GetPath() == nil || len(in.GetUuid()) > 0 {
		return out, nil
	}
	prefix, err := prefixOf(in.GetPath())
	out.prefix = prefix
	return out, err
}

func prefixOf(p *api.Path) (string, error) {
	nlri := p.GetNlri().GetPrefix()
	prefix, err := netip.ParsePrefix(fmt.Sprintf("%s/%d", nlri.GetPrefix(), nlri.GetPrefixLen()))
	if err != nil {
		return "", status.Error(codes.InvalidArgument, "the path has no IP prefix")
	}
	return prefix.Masked().String(), nil
}

// attrsOf is a path's attributes as text: equal attributes give equal text.
func attrsOf(p *api.Path) (string, error) {
	var all []byte
	for _, attr := range p.GetPattrs() {
		text, err := proto.MarshalOptions{Deterministic: true}.Marshal(attr)
		if err != nil {
			return "", status.Errorf(codes.InvalidArgument, "read attributes: %s", err)
		}
		all = append(all, text...)
	}
	return hex.EncodeToString(all), nil
}

// held lists the prefixes the speaker itself announces; an empty prefix asks for all. Paths that were added there have
// no neighbour (GoBGP 4.8 keeps the ids of such paths to itself).
func (s *speaker) held(ctx context.Context, prefix string) (map[string]bool, error) {
	ask := &api.ListPathRequest{
		TableType: api.TableType_TABLE_TYPE_GLOBAL,
		Family:    &api.Family{Afi: api.Family_AFI_IP, Safi: api.Family_SAFI_UNICAST},
	}
	if prefix != "" {
		ask.Prefixes = []*api.TableLookupPrefix{{Prefix: prefix, Type: api.TableLookupPrefix_TYPE_EXACT}}
	}
	stream, err := s.api.ListPath(ctx, ask)
	if err != nil {
		return nil, err
	}
	out := map[string]bool{}
	for {
		answer, err := stream.Recv()
		if errors.Is(err, io.EOF) {
			return out, nil
		}
		if err != nil {
			return nil, err
		}
		for _, p := range answer.GetDestination().GetPaths() {
			if p.GetNeighborIp() == "" {
				out[answer.GetDestination().GetPrefix()] = true
			}
		}
	}
}

// carryOut passes the call on and accounts for what it changed: nothing, if the speaker announced exactly that already,
// or had nothing to withdraw.
func (r request) carryOut(ctx context.Context, w *world.World, s *speaker) (frame, error) {
	s.order.Lock()
	defer s.order.Unlock()
	// A caller that gives up does not undo anything: what is done is accounted for.
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), speakerTimeout)
	defer cancel()
	before, err := s.held(ctx, r.prefix)
	if err != nil {
		return frame{}, err
	}
	var answer frame
	if err := s.conn.Invoke(ctx, r.method, &r.frame, &answer, grpc.ForceCodecV2(rawCodec{})); err != nil {
		return frame{}, err
	}
	touched := []string{r.prefix}
	if r.call == callWithdraw {
		after, err := s.held(ctx, r.prefix)
		if err != nil {
			return frame{}, err
		}
		touched = slices.DeleteFunc(slices.Sorted(maps.Keys(before)), func(prefix string) bool { return after[prefix] })
	}
	err = w.Do(func(tx *world.Tx) error {
		for _, prefix := range touched {
			r.account(tx, s.Name, prefix, before[prefix])
		}
		return nil
	})
	if err != nil {
		return frame{}, status.Errorf(codes.Internal, "write the ledger: %s", err)
	}
	return answer, nil
}

// account writes the ledger for one prefix. The document of a prefix holds the attributes by speaker.
func (r request) account(tx *world.Tx, name, prefix string, held bool) {
	doc, known := tx.Get(Vendor, kindPath, prefix)
	if doc == nil {
		doc = world.Doc{}
	}
	if !held && doc[name] != nil { // a speaker that was restarted has lost it: what follows starts from there
		delete(doc, name)
		if known = len(doc) > 0; known {
			tx.QuietPut(Vendor, kindPath, prefix, doc)
		} else {
			tx.QuietDelete(Vendor, kindPath, prefix)
		}
	}
	effect := world.Effect{Vendor: Vendor, Call: r.call, Kind: kindPath, Name: prefix}
	switch {
	case r.call == callAnnounce && (!held || doc[name] != r.attrs):
		doc[name] = r.attrs
		tx.Put(effect, doc)
	case r.call == callWithdraw:
		delete(doc, name)
		if len(doc) > 0 {
			tx.Put(effect, doc)
			return
		}
		if !known { // refilled by the speaker itself, never announced through this proxy
			tx.Note(effect, "delete")
			return
		}
		tx.Delete(effect)
	}
}
